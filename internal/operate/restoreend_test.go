package operate_test

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/storage"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

// A restore that fails at its very end, after it has finished the bucket, leaves nothing there. So the
// next one succeeds.
func TestRestoreFailsAtItsEnd(t *testing.T) {
	t.Parallel()
	h := house.New(t, house.Options{})
	ann, _ := h.Register(t, "ann@example.com")
	h.SetPicture(t, ann.ID, 40)
	_, archived := backup(t, open(t, h))
	for what, c := range map[string]struct {
		address string
		fails   func(place database.Place, interrupt func())
	}{
		"to a server, interrupted":  {testpostgres.Database(t), func(_ database.Place, interrupt func()) { interrupt() }},
		"to a file that disappears": {"", func(place database.Place, _ func()) { _ = os.Remove(place.Staged()) }},
	} {
		bucket := s3.New(t)
		proxy := s3.NewProxy(t, bucket.Endpoint)
		place, err := database.At(filepath.Join(t.TempDir(), "data"), c.address, "", bucket.At(proxy.URL))
		if err != nil {
			t.Fatal(err)
		}
		ctx, interrupt := context.WithCancel(t.Context())
		proxy.FailIf(func(r *http.Request) s3.Fault {
			if r.Method == http.MethodDelete && strings.Contains(r.URL.Path, "cardeamove") {
				c.fails(place, interrupt)
			}
			return s3.None
		})
		if _, err := operate.RestoreFrom(ctx, place, bytes.NewReader(archived), nil); err == nil || strings.Contains(err.Error(), storage.ErrTaken.Error()) {
			t.Errorf("%s: %v", what, err)
		}
		interrupt()
		if has, err := storage.HasBlobs(t.Context(), place.Pictures); has || err != nil {
			t.Errorf("%s: has pictures: %v, %v", what, has, err)
		}
		proxy.Fail(s3.None)
		if got, err := operate.RestoreFrom(t.Context(), place, bytes.NewReader(archived), nil); err != nil || got.Pictures != 1 {
			t.Errorf("%s: again: %+v, %v", what, got, err)
		}
	}
}
