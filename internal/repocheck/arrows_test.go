package repocheck

import (
	"slices"
	"strings"
	"testing"
)

// layers says which other layers a package may import, besides leaves. Imports run from
// the top of this table to its end, never back. A package that is not named here or in
// leaves fails the test. Tests may import anything.
var layers = map[string]string{
	// The command also names the types that operate takes and returns.
	"cmd/cardea":      ". internal/doctor internal/operate internal/database internal/storage internal/importer internal/outbox internal/account internal/session internal/guard internal/user",
	"examples/embed":  ".",
	"internal/doctor": ". internal/operate internal/outbox internal/guard",
	".": "internal/web internal/web/ops internal/operate internal/account internal/media internal/outbox internal/challenge internal/session internal/guard" +
		" internal/user internal/database internal/storage internal/store",

	"internal/web":        "internal/web/api internal/web/pages internal/web/wire internal/guard internal/user",
	"internal/web/api":    "internal/web/upload internal/web/wire internal/account internal/media internal/operate internal/outbox internal/session internal/guard internal/user",
	"internal/web/pages":  "internal/web/upload internal/web/wire internal/account internal/media internal/outbox internal/challenge internal/session internal/guard internal/user",
	"internal/web/upload": "internal/web/wire internal/media internal/guard internal/user",
	"internal/web/ops":    "internal/outbox internal/session internal/guard internal/store",
	"internal/web/wire":   "internal/session internal/guard internal/store",

	"internal/importer":  "internal/account internal/media internal/guard internal/store",
	"internal/operate":   "internal/importer internal/account internal/media internal/outbox internal/session internal/guard internal/user internal/database internal/storage internal/store internal/store/sqlite",
	"internal/account":   "internal/media internal/outbox internal/challenge internal/session internal/guard internal/user internal/store",
	"internal/outbox":    "internal/guard internal/store",
	"internal/challenge": "internal/guard internal/store",
	"internal/media":     "internal/guard internal/user internal/store",
	"internal/session":   "internal/guard internal/user internal/store",
	"internal/guard":     "internal/store",
	"internal/user":      "internal/store",

	"internal/database":       "internal/store internal/store/sqlite internal/store/postgres",
	"internal/storage":        "internal/store",
	"internal/store/sqlite":   "internal/store",
	"internal/store/postgres": "internal/store",
	"internal/store":          "",

	"internal/testkit":           "*",
	"internal/testkit/house":     "*",
	"internal/testkit/browser":   "internal/testkit/need",
	"internal/testkit/need":      "",
	"internal/testkit/smtpsink":  "*",
	"internal/testkit/postgres":  "internal/testkit/need internal/testkit/process",
	"internal/testkit/pgbouncer": "internal/testkit/need internal/testkit/process",
	"internal/testkit/process":   "",
	"internal/testkit/pgwire":    "",
	"internal/testkit/tcpproxy":  "",
	"internal/testkit/s3":        "internal/testkit/need internal/testkit/versitygw",
	"internal/testkit/versitygw": "internal/testkit/process",
	"internal/scenario":          "",
	"internal/scenario/apps":     "",
	"internal/scenario/outage":   "",
	"internal/scenario/pages":    "",
	"internal/scenario/proxies":  "",
	"internal/repocheck":         "",
}

// leaves says which other leaves a leaf may import. A layer may import every leaf.
var leaves = map[string]string{
	"internal/archive":  "",
	"internal/argon2":   "",
	"internal/avatar":   "",
	"internal/blob":     "internal/durable",
	"internal/blob/s3":  "internal/blob",
	"internal/breached": "",
	"internal/cache":    "",
	"internal/clock":    "",
	"internal/colour":   "",
	"internal/conns":    "internal/network internal/rarely",
	"internal/datadir":  "internal/durable internal/secret",
	"internal/durable":  "",
	"internal/fair":     "",
	"internal/flask":    "",
	"internal/icc":      "",
	"internal/jpeg":     "",
	"internal/mail":     "internal/words",
	"internal/network":  "",
	"internal/openapi":  "",
	"internal/password": "internal/argon2 internal/password/foreign",
	// It knows only the algorithms, not what Cardea does with a hash.
	"internal/password/foreign": "internal/argon2",
	"internal/exif":             "",
	"internal/pgaddress":        "",
	"internal/picture":          "internal/exif internal/icc internal/jpeg",
	"internal/rarely":           "",
	"internal/run":              "",
	"internal/secret":           "",
	"internal/settings":         "internal/text",
	"internal/smtp":             "internal/text",
	"internal/text":             "",
	"internal/token":            "",
	"internal/transfer":         "",
	"internal/words":            "internal/text",
	"internal/workers":          "internal/fair",
}

func TestImportsFollowTheArrows(t *testing.T) {
	folders := goFolders(t)
	for _, f := range folders {
		allowed, isLayer := layers[f.name]
		if !isLayer {
			var isLeaf bool
			if allowed, isLeaf = leaves[f.name]; !isLeaf {
				t.Errorf("%s is neither in layers nor in leaves", f.name)
			}
		}
		if allowed == "*" {
			continue
		}
		for imported, files := range f.imports {
			_, importsLeaf := leaves[imported]
			if folders[imported] != nil && !slices.Contains(strings.Fields(allowed), imported) && (!isLayer || !importsLeaf) {
				t.Errorf("%s imports %s; the arrows of %s are %q", files, imported, f.name, allowed)
			}
		}
	}
	for _, table := range []map[string]string{layers, leaves} {
		for name, allowed := range table {
			for _, named := range append(strings.Fields(strings.Trim(allowed, "*")), name) {
				if folders[named] == nil {
					t.Errorf("there is no %s, which the arrows of %s name", named, name)
				}
			}
		}
	}
}

// Some packages are for few others only.
func TestImportsForFew(t *testing.T) {
	for _, rule := range []struct {
		imports string   // and everything below it
		allowed []string // and everything below them
		why     string
	}{
		{"net/http", []string{"cmd/cardea", "examples/embed", "internal/doctor", ".", "internal/web", "internal/blob/s3", "internal/testkit"}, "only web and the packages above it know HTTP; the S3 protocol is HTTP, too"},
		{"database/sql", []string{"internal/store", "internal/importer", "internal/testkit"}, "all SQL is in internal/store, except on the databases of other apps"},
		{"modernc.org/sqlite", []string{"internal/store", "internal/importer"}, "all SQL is in internal/store, except on the databases of other apps"},
		{"internal/testkit", []string{"internal/testkit"}, "it is for tests"},
		{"testing", []string{"internal/testkit"}, "it is for tests"},
		{"C", nil, "memory is safe, and the binary static"},
		{"unsafe", []string{"internal/argon2"}, "memory is safe; the one import is blank, for a function that is linked by name"},
		{"os/exec", []string{"internal/testkit"}, "Cardea runs no commands"},
		{"plugin", nil, "Cardea loads no code"},
		{"text/template", []string{"internal/mail"}, "pages use html/template, which escapes; the letters of mails are plain text"},
		{"net/smtp", nil, "it is frozen; mail is sent by internal/smtp"},
		{"github.com/wneessen/go-mail", []string{"internal/smtp"}, "only internal/smtp sends mail"},
		{"github.com/minio", []string{"internal/blob/s3"}, "only internal/blob/s3 knows the library"},
		{"github.com/go-crypt", []string{"internal/password/foreign"}, "only hashes of other programs need it"},
		{"github.com/emersion", []string{"internal/testkit/smtpsink"}, "it is for tests"},
		{"regexp", nil, "no patterns run on input of strangers"},
		{"encoding/gob", nil, "requests are decoded into structs of strings"},
		{"encoding/xml", nil, "requests are decoded into structs of strings"},
		{"math/rand", []string{"internal/testkit"}, "random values come from crypto/rand"},
		{"crypto/md5", []string{"internal/testkit/smtpsink", "internal/password/foreign"}, "broken; CRAM-MD5 needs it, and old password hashes until the next login"},
		{"crypto/sha1", []string{"internal/breached", "internal/flask", "internal/password/foreign", "internal/testkit"}, "broken; the published lists of breached passwords are keyed by it, Flask signs with HMAC-SHA1, and old password hashes use it until the next login"},
		{"crypto/des", nil, "broken"},
		{"crypto/rc4", nil, "broken"},
		{"crypto/aes", []string{"internal/secret", "internal/password/foreign"}, "only mail that waits is encrypted; Firebase's hashes need it too; docs/security.md lists Cardea's cryptography"},
		{"crypto/cipher", []string{"internal/secret", "internal/password/foreign"}, "only mail that waits is encrypted; Firebase's hashes need it too; docs/security.md lists Cardea's cryptography"},
		{"crypto/rsa", nil, "Cardea encrypts nothing; docs/security.md lists its cryptography"},
	} {
		for _, f := range goFolders(t) {
			if slices.ContainsFunc(rule.allowed, func(a string) bool { return isUnder(f.name, a) }) {
				continue
			}
			for imported, files := range f.imports {
				if isUnder(imported, rule.imports) {
					t.Errorf("%s imports %s; %s", files, imported, rule.why)
				}
			}
		}
	}
}

// The server opens no connections of its own accord, except to the mail server, the database and the
// S3 storage that the operator names. The command cardea doctor visits the server itself.
func TestNothingCallsOut(t *testing.T) {
	mayCall := []string{"internal/testkit", "internal/smtp", "internal/blob/s3", "internal/store/postgres", "internal/doctor"}
	for _, f := range goFolders(t) {
		if slices.ContainsFunc(mayCall, func(folder string) bool { return isUnder(f.name, folder) }) {
			continue
		}
		for _, file := range f.files {
			code := readText(t, file)
			for _, call := range []string{"http.Get(", "http.Post", "http.Client", "http.DefaultClient", "http.Transport", "net.Dial", "tls.Dial"} {
				if strings.Contains(code, call) {
					t.Errorf("%s has %s", file, call)
				}
			}
		}
	}
}

func TestEveryPackageHasAComment(t *testing.T) {
	for _, f := range goFolders(t) {
		first, _, _ := strings.Cut(strings.ReplaceAll(f.doc, "\n", " "), ". ")
		if !strings.HasPrefix(first, "Package ") && !strings.HasPrefix(first, "Command ") ||
			!strings.Contains(f.doc, ".") || len(strings.Fields(first)) < 5 {
			t.Errorf("%s: the package comment is %q", f.name, f.doc)
		}
	}
}
