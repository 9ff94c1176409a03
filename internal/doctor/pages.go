package doctor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"path"
	"slices"
	"strings"
)

// check is a header, and how Cardea's value begins and ends.
type check struct{ header, begin, end string }

var (
	isHTML     = check{"Content-Type", "text/html; charset=utf-8", ""}
	isPolicy   = check{"Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; ", "; frame-ancestors 'none'"}
	noStore    = check{"Cache-Control", "no-store", ""}
	noReferrer = check{"Referrer-Policy", "no-referrer", "no-referrer"}
	noSniff    = check{"X-Content-Type-Options", "nosniff", ""}
	sameOrigin = check{"Cross-Origin-Opener-Policy", "same-origin", "same-origin"}
)

// assetTypes are the types of the files that pages link to, by extension.
var assetTypes = map[string]check{
	".css": {"Content-Type", "text/css", ""},
	".js":  {"Content-Type", "text/javascript", ""},
}

// asset is a file that a page links to, with the beginning of its SHA-256.
type asset struct{ path, version string }

// assetsOf are the style sheets and scripts to which a page of Cardea links.
func assetsOf(page []byte) (assets []asset) {
	for part := range strings.SplitSeq(string(page), `="./static/`) {
		link, _, _ := strings.Cut(part, `"`)
		name, version, _ := strings.Cut(link, "?v=")
		if _, isAsset := assetTypes[path.Ext(name)]; isAsset && len(version) == 12 {
			assets = append(assets, asset{"/static/" + name, version})
		}
	}
	return assets
}

// checkPages asks for pages as a browser does, and looks whether they come from Cardea, and
// unchanged.
func (v *visit) checkPages(ctx context.Context) {
	login, err := v.ask(ctx, http.MethodGet, "/login", nil, "Accept", "text/html")
	if err != nil {
		v.failed("/login", err)
		return
	}
	assets := assetsOf(login.data)
	isOurs := login.status == http.StatusOK && (len(assets) > 0 || isPolicy.fault(login) == "")
	before := len(v.findings)
	switch {
	case v.Settings.Pages == "off" && isOurs:
		v.wrong("run cardea doctor with the settings of the server", "/login is Cardea's page, and by the settings here the pages are off")
	case v.Settings.Pages == "off" && login.status >= http.StatusBadRequest:
		v.note("CARDEA_PAGES=on  (or let the proxy pass GET /login to a page of the app)",
			"the pages are off, but forward-auth and mails lead to /login, where GET answers %d", login.status)
	case v.Settings.Pages == "off":
		v.ok("the pages are off, and another page answers at /login (%d)", login.status)
	case !isOurs:
		v.wrong("let the proxy pass /login to Cardea  (or CARDEA_PAGES=off, if the app has pages of its own)",
			"/login is not Cardea's page: %s answers %d", login.who(), login.status)
	default:
		v.checkHeaders("/login", login, isHTML, isPolicy, noStore, noReferrer, noSniff, sameOrigin)
		v.checkAccount(ctx)
		v.checkAssets(ctx, assets)
		if len(v.findings) == before {
			v.ok("/login, /account and their files come as Cardea sends them")
		}
	}
}

// checkAccount asks for the account without a session, which leads to the sign-in.
func (v *visit) checkAccount(ctx context.Context) {
	answer, err := v.ask(ctx, http.MethodGet, "/account", nil, "Accept", "text/html")
	if err != nil {
		v.failed("/account", err)
		return
	}
	if to, _, _ := strings.Cut(answer.location, "?"); answer.status != http.StatusSeeOther || to != v.address("/login") {
		v.wrong("let the proxy pass /account to Cardea, and Location unchanged  (proxy_redirect off; in nginx)",
			"/account does not lead to /login: %s answers %d %s", answer.who(), answer.status, answer.location)
		return
	}
	v.checkHeaders("/account", answer, noStore)
}

// checkAssets asks for the style sheets and scripts of a page.
func (v *visit) checkAssets(ctx context.Context, assets []asset) {
	if len(assets) == 0 {
		v.note("let the proxy pass pages unchanged  (unless the template is your own)", "/login has no link to a style sheet of Cardea's")
	}
	for _, a := range assets {
		answer, err := v.ask(ctx, http.MethodGet, a.path+"?v="+a.version, nil, "Accept", "*/*")
		sum := sha256.Sum256(answer.data)
		switch {
		case err != nil:
			v.failed(a.path, err)
		case answer.status != http.StatusOK:
			v.wrong(`let the proxy pass /static/ to Cardea  (in nginx, a location such as ~ \.css$ may take it)`,
				"%s answers %d to %s", answer.who(), answer.status, a.path)
		case !strings.HasPrefix(hex.EncodeToString(sum[:]), a.version):
			v.wrong("let the proxy pass /static/ unchanged  (sub_filter in nginx, or a CDN that makes files smaller)",
				"%s does not come as Cardea sends it", a.path)
		default:
			v.checkHeaders(a.path, answer, assetTypes[path.Ext(a.path)], noSniff)
		}
	}
}

// checkHeaders reports headers that a proxy removed or changed.
func (v *visit) checkHeaders(what string, answer reply, checks ...check) {
	for _, c := range checks {
		switch value := c.fault(answer); value {
		case "":
		case "none":
			v.wrong("let the proxy pass "+c.header+" unchanged  (proxy_hide_header in nginx)", "%s comes without %s", what, c.header)
		default:
			v.wrong("remove "+c.header+" from the proxy  (add_header in nginx)", "%s comes with %s: %s", what, c.header, value)
		}
	}
}

// fault is a value of the header that is not Cardea's, or none; empty if all are. One that
// comes twice does no harm.
func (c check) fault(answer reply) string {
	values := answer.header.Values(c.header)
	if len(values) == 0 {
		return "none"
	}
	isOther := func(value string) bool { return !strings.HasPrefix(value, c.begin) || !strings.HasSuffix(value, c.end) }
	if i := slices.IndexFunc(values, isOther); i >= 0 {
		return values[i]
	}
	return ""
}
