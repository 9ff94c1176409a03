package wire

import (
	"errors"
	"strings"
	"testing"
)

// One user cannot take all the memory for uploads.
func TestUploadBudget(t *testing.T) {
	const file = 10 << 20
	b := newBudget(file)
	if !b.take("eve", 2*file) || b.take("eve", 1) {
		t.Error("a user gets two files' worth, and no more")
	}
	if !b.take("ada", file) {
		t.Error("another user gets nothing")
	}
	for n := range 30 {
		b.take("sockpuppet "+string(rune('a'+n)), file)
	}
	if b.taken > maxUploadMemory || b.take("bob", file) {
		t.Errorf("all users took %d bytes, and bob got some too", b.taken)
	}
	b.giveBack("ada", file)
	if !b.take("bob", file) {
		t.Error("memory that was given back is not available")
	}
	b.giveBack("eve", 2*file)
	if !b.take("eve", file) || b.takenBy["eve"] != file {
		t.Error("eve cannot upload after her uploads have ended")
	}
}

// A body gives back all the memory that it took.
func TestMeteredBody(t *testing.T) {
	b := newBudget(10)
	m := &MeteredBody{Reader: strings.NewReader(strings.Repeat("x", 25)), budget: b, user: "ada"}
	for range 4 {
		if _, err := m.Read(make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.Read(make([]byte, 5)); !errors.Is(err, errUploadsBusy) {
		t.Errorf("past the budget: %v", err)
	}
	m.Release()
	if b.taken != 0 || len(b.takenBy) != 0 {
		t.Errorf("kept %d bytes, %v", b.taken, b.takenBy)
	}
}
