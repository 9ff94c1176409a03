package api

import (
	"archive/zip"
	"io"
	"net/http"
	"path"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// exportJSON is account.json in an export.
type exportJSON struct {
	User     userJSON      `json:"user"`
	Sessions []sessionJSON `json:"sessions"`
	Events   []eventJSON   `json:"events"`
}

type eventJSON struct {
	At    string `json:"at"`
	Event string `json:"event"`
	IP    string `json:"ip"`
	Count int    `json:"count"` // how often it was repeated within an hour
}

// Export sends what is kept about the user, as a ZIP file.
func (a *API) Export(r *wire.Request) error {
	e, err := a.owners.Accounts.Export(r.Context(), r.Session, r.Client())
	if err != nil {
		return err
	}
	if e.Picture != nil {
		defer func() { _ = e.Picture.Close() }() // it was only read
	}
	h := r.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", `attachment; filename="account.zip"`)
	r.WriteHeader(http.StatusOK)
	return a.writeExport(r, e)
}

// writeExport writes the ZIP file. If it fails, the client gets a file that is not whole,
// and no error answer, because the answer has begun.
func (a *API) writeExport(r *wire.Request, e account.Export) error {
	archive := zip.NewWriter(r)
	file, err := archive.Create("account.json")
	if err != nil {
		return err
	}
	if err := json.MarshalWrite(file, a.exportOf(r, e), jsontext.WithIndent("  ")); err != nil {
		return err
	}
	if e.Picture != nil {
		header := &zip.FileHeader{Name: "picture" + path.Ext(e.Picture.Name), Method: zip.Store, Modified: e.Picture.UpdatedAt}
		if file, err = archive.CreateHeader(header); err != nil {
			return err
		}
		if _, err := io.Copy(file, e.Picture.Blob); err != nil {
			return err
		}
	}
	return archive.Close()
}

func (a *API) exportOf(r *wire.Request, e account.Export) exportJSON {
	out := exportJSON{User: a.userAnswer(r, "", e.User).User, Sessions: make([]sessionJSON, len(e.Sessions)), Events: make([]eventJSON, len(e.Events))}
	for i, s := range e.Sessions {
		out.Sessions[i] = sessionOf(s)
	}
	for i, event := range e.Events {
		out.Events[i] = eventJSON{At: rfc3339(event.At), Event: string(event.Event), IP: event.IP, Count: event.Count}
	}
	return out
}
