package media_test

import (
	"slices"
	"testing"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/testkit/postgres"
	"github.com/cardea-accounts/cardea/internal/testkit/tcpproxy"
)

// behindProxy builds a house whose database is a PostgreSQL server behind a proxy.
func behindProxy(t *testing.T) (*house.House, *tcpproxy.Proxy) {
	t.Helper()
	proxy, address := tcpproxy.Before(t, postgres.Database(t))
	folder := t.TempDir()
	house.Use(folder, address)
	return house.At(t, folder, house.Options{}), proxy
}

// If the answer to a commit is lost, the picture may be stored. So none of its files is removed
// before it is known that no row names them.
func TestCommitWithoutAnAnswer(t *testing.T) {
	for what, c := range map[string]struct {
		prepare func(t *testing.T, h *house.House, userID string)
		do      func(t *testing.T, h *house.House, userID string) error
	}{
		"upload": {
			func(t *testing.T, h *house.House, userID string) { h.SetPicture(t, userID, 10) },
			func(t *testing.T, h *house.House, userID string) error {
				_, err := h.Pictures.Set(t.Context(), userID, house.Upload(t, "a.png", house.LargeSide), guard.Client{})
				return err
			},
		},
		"crops": {
			func(t *testing.T, h *house.House, userID string) { withoutCrops(t, h, userID, house.LargeSide) },
			func(t *testing.T, h *house.House, _ string) error { return h.Pictures.SweepCrops(t.Context()) },
		},
		"import": {
			func(t *testing.T, h *house.House, userID string) { h.SetPicture(t, userID, house.LargeSide) },
			func(t *testing.T, h *house.House, userID string) error {
				stored, err := h.Pictures.Read(t.Context(), h.Picture(t, userID))
				if err != nil {
					t.Fatal(err)
				}
				e := media.Exported{Picture: stored.Picture, Data: stored.Files[0].Data}
				for _, crop := range stored.Files[1:] {
					e.CropData = append(e.CropData, crop.Data)
				}
				return h.Pictures.Bring(t.Context(), e)
			},
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			h, proxy := behindProxy(t)
			ada, _ := h.Register(t, "ada@example.com")
			c.prepare(t, h, ada.ID)
			before := h.Picture(t, ada.ID)
			h.Storage.AfterPut = func() { proxy.LoseAnswer("commit") }
			if err := c.do(t, h, ada.ID); err == nil {
				t.Fatal("the commit had an answer")
			}
			h.Storage.AfterPut = nil
			row := h.Picture(t, ada.ID)
			if len(row.Files()) != 5 || slices.Equal(row.Files(), before.Files()) {
				t.Fatalf("not stored: %+v", row)
			}
			for range 2 { // before the sweep, and after it
				if stored, err := h.Pictures.Read(t.Context(), row); err != nil || len(stored.Damaged) > 0 {
					t.Errorf("%+v, %v", stored.Damaged, err)
				}
				if !opens(t, h, ada.ID) {
					t.Error("it is not served")
				}
				h.Clock.Advance(media.OrphanGrace)
				sweep(t, h)
			}
			wantStored(t, h, "afterwards", 5, 0)
		})
	}
}
