package doctor

import (
	"context"
	"net/http"
	"strings"
)

// checkHTTPS looks whether passwords are encrypted on their way, and stay so.
func (v *visit) checkHTTPS(ctx context.Context) {
	if v.URL.Scheme != "https" {
		if isLoopback(v.URL.Hostname()) {
			v.ok("no https is needed within this machine")
		} else {
			v.wrong("put a proxy with https in front, and set CARDEA_PUBLIC_URL=https://"+v.URL.Hostname(),
				"users come without https: passwords and cookies can be read on the network")
		}
		return
	}
	answer, err := v.ask(ctx, http.MethodGet, "/api/user", nil)
	if err != nil {
		v.failed("/api/user", err)
		return
	}
	sent := answer.header.Values("Strict-Transport-Security")
	switch {
	case len(sent) > 1:
		v.wrong("CARDEA_HSTS=off  (or remove the header from the proxy)",
			"Strict-Transport-Security comes twice, and browsers read only the first: %s", strings.Join(sent, "; then "))
	case len(sent) == 0 && v.Settings.HSTS == "off":
		v.note("CARDEA_HSTS=host", "there is no Strict-Transport-Security, as set: a first visit by http can be read and changed")
	case len(sent) == 0:
		v.wrong("CARDEA_PUBLIC_URL="+v.URL.String(),
			"there is no Strict-Transport-Security: the server takes the connection for http, or the proxy removes the header")
	case strings.HasPrefix(strings.ReplaceAll(sent[0], " ", ""), "max-age=0"):
		v.wrong("remove Strict-Transport-Security from the proxy", "Strict-Transport-Security is turned off: %s", sent[0])
	default:
		v.ok("Strict-Transport-Security: %s", sent[0])
	}
	if cache := answer.header.Get("Cache-Control"); cache != "no-store" || answer.header.Get("Age") != "" {
		v.wrong("let the proxy cache nothing below /api/, and pass Cache-Control unchanged",
			"answers about users may be cached: Cache-Control is %q", cache)
	}
}
