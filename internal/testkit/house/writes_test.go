package house_test

import (
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

func TestWrites(t *testing.T) {
	t.Parallel()
	h := house.New(t, house.Options{})
	isWritten := house.Writes(t, h.Folder)
	if isWritten() {
		t.Error("before the first write")
	}
	h.Register(t, "ada@example.com")
	if !isWritten() {
		t.Error("not after a write")
	}
	if isWritten() {
		t.Error("since the write")
	}
}
