package pages

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// Static serves the files that pages link to. At the address with the right version they
// never change.
func (p *Pages) Static(r *wire.Request) error {
	name := r.HTTP.PathValue("file")
	data, err := fs.ReadFile(files, "static/"+name)
	if err != nil {
		return wire.ErrNoRoute
	}
	if r.Query().Get("v") == versions()[name] {
		r.CacheForever()
	} else {
		r.Header().Set("Cache-Control", "public, max-age=3600")
	}
	if strings.HasSuffix(name, ".svg") {
		r.Header().Set("Content-Type", "image/svg+xml; charset=utf-8")
	}
	r.ServeContent(name, time.Time{}, bytes.NewReader(data))
	return nil
}

// versions are the beginnings of the files' SHA-256, by name.
var versions = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	entries, _ := files.ReadDir("static") // it is embedded
	for _, entry := range entries {
		data, _ := files.ReadFile("static/" + entry.Name())
		sum := sha256.Sum256(data)
		all[entry.Name()] = hex.EncodeToString(sum[:6])
	}
	return all
})

// asset is the address of a static file below the root.
func asset(name string) string { return "static/" + name + "?v=" + versions()[name] }
