// Package pages holds what people see in a browser: the HTML pages and the files
// that they link to.
package pages

import (
	"bytes"
	"embed"
	"io/fs"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

//go:embed html/*.html static/*
var files embed.FS

// Pages holds the actions that answer with a page. Each is a [wire.Action].
type Pages struct{ avatars *media.Avatars }

// New returns the pages.
func New(avatars *media.Avatars) *Pages { return &Pages{avatars} }

// Static serves the files that pages link to.
func (p *Pages) Static(r *wire.Request) error {
	name := r.HTTP.PathValue("file")
	data, err := fs.ReadFile(files, "static/"+name)
	if err != nil {
		return wire.ErrNoRoute
	}
	r.Header().Set("Cache-Control", "public, max-age=3600")
	if strings.HasSuffix(name, ".svg") {
		r.Header().Set("Content-Type", "image/svg+xml; charset=utf-8")
	}
	r.ServeContent(name, time.Time{}, bytes.NewReader(data))
	return nil
}
