package pages

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// asset is a file that pages link to.
type asset struct {
	data    []byte
	version string // the beginning of its SHA-256
}

// assets are the files that pages link to, by name.
type assets map[string]asset

// newAssets returns the embedded files, with the operator's colour and logo.
func newAssets(looks Looks) assets {
	all := assets{}
	entries, _ := files.ReadDir("static") // it is embedded
	for _, entry := range entries {
		data, _ := fs.ReadFile(files, "static/"+entry.Name())
		if entry.Name() == "cardea.css" {
			data = append(data, accentRules(looks.Accent)...)
		}
		all.add(entry.Name(), data)
	}
	if looks.Logo.name != "" {
		all.add(looks.Logo.name, looks.Logo.data)
	}
	return all
}

func (a assets) add(name string, data []byte) {
	sum := sha256.Sum256(data)
	a[name] = asset{data, hex.EncodeToString(sum[:6])}
}

// address is the address of a file below the root.
func (a assets) address(name string) string { return "static/" + name + "?v=" + a[name].version }

// Static serves the files that pages link to. At the address with the right version they
// never change.
func (p *Pages) Static(r *wire.Request) error {
	name := r.HTTP.PathValue("file")
	file, found := p.assets[name]
	if !found {
		return wire.ErrNoRoute
	}
	if r.Query().Get("v") == file.version {
		r.CacheForever()
	} else {
		r.Header().Set("Cache-Control", "public, max-age=3600")
	}
	if strings.HasSuffix(name, ".svg") {
		r.Header().Set("Content-Type", "image/svg+xml; charset=utf-8")
	}
	r.ServeContent(name, time.Time{}, bytes.NewReader(file.data))
	return nil
}

// Logo is a picture in place of the app's name. The zero Logo is none.
type Logo struct {
	name string // in the addresses of assets
	data []byte
}

// maxLogo bounds a logo, in bytes. Every first visit loads it.
const maxLogo = 256 << 10

// ReadLogo reads a logo from a file; an empty name is none.
func ReadLogo(name string) (Logo, error) {
	if name == "" {
		return Logo{}, nil
	}
	file, err := os.Open(name) //nolint:gosec // the operator named it
	if err != nil {
		return Logo{}, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(io.LimitReader(file, maxLogo+1))
	if err != nil {
		return Logo{}, err
	}
	if len(data) > maxLogo {
		return Logo{}, fmt.Errorf("%s has more than %d KiB; make it smaller", name, maxLogo>>10)
	}
	extension := strings.ToLower(filepath.Ext(name))
	kind, isKnown := logoKinds[extension]
	isPicture := isKnown && http.DetectContentType(data) == kind
	if extension == ".svg" {
		isPicture = bytes.Contains(data, []byte("<svg"))
	}
	if !isPicture {
		return Logo{}, errors.New(name + " is not a picture in SVG, PNG, JPEG or WebP with the extension of its kind")
	}
	return Logo{"logo" + extension, data}, nil
}

var logoKinds = map[string]string{".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}
