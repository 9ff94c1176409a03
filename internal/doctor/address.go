package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"strings"

	"github.com/cardea-accounts/cardea/internal/settings"
)

// checkAddress looks whether Cardea answers at the URL, and whether it knows that URL as
// its own. It returns false if something else answers.
func (v *visit) checkAddress(ctx context.Context) bool {
	answer, err := v.ask(ctx, http.MethodGet, "/healthz", nil)
	switch _, isCertificate := errors.AsType[*tls.CertificateVerificationError](err); {
	case isCertificate:
		v.wrong("give the proxy a certificate for "+v.URL.Hostname()+" that browsers trust",
			"the certificate is refused: %s", inWords(err))
		return false
	case errors.Is(err, http.ErrSchemeMismatch):
		v.wrong("listen 443 ssl;  (in nginx: a proxy has to speak https, Cardea does not; without one, --url http://"+v.URL.Host+")",
			"%s speaks http there, and not https", v.URL.Host)
		return false
	case err != nil:
		v.wrong("let "+v.URL.Host+" lead to the proxy, and start the proxy", "%s does not answer: %s", v.URL, inWords(err))
		return false
	case answer.status >= 300 && answer.status < 400:
		v.wrong("run cardea doctor with the --url that users end up at",
			"%s redirects to %s", v.address("/healthz"), answer.header.Get("Location"))
		return false
	case answer.status >= http.StatusBadGateway && answer.status <= http.StatusGatewayTimeout && !answer.isOurs():
		v.wrong("proxy_pass http://127.0.0.1:5000;  (in nginx: the address of cardea serve --listen)",
			"%s answers %d: it does not reach Cardea", answer.who(), answer.status)
		return false
	case answer.status != http.StatusOK || answer.body.Status != "success":
		v.wrong("let the proxy pass all paths of "+v.URL.Host+" to Cardea",
			"%s is not answered by Cardea, but by %s with status %d", v.address("/healthz"), answer.who(), answer.status)
		return false
	}
	v.ok("Cardea answers at %s", v.URL)
	v.checkReady(ctx)
	v.checkOwnAddress(ctx)
	return true
}

func (v *visit) checkReady(ctx context.Context) {
	answer, err := v.ask(ctx, http.MethodGet, "/readyz", nil)
	switch {
	case err != nil:
		v.failed("/readyz", err)
	case answer.status != http.StatusOK:
		v.wrong("read the server's log, and docs/deploy.md#watch-it",
			"it is not ready (%d): %s", answer.status, answer.body.Message)
	case answer.body.Message != "":
		v.wrong("read the server's log, and docs/deploy.md#watch-it", "%s", answer.body.Message)
	}
}

// checkOwnAddress compares the URL with the one that the server puts into links.
func (v *visit) checkOwnAddress(ctx context.Context) {
	answer, err := v.ask(ctx, http.MethodGet, "/api/forward-auth", nil)
	if err != nil {
		v.failed("/api/forward-auth", err)
		return
	}
	own, _, _ := strings.Cut(answer.header.Get("Location"), "?")
	own, isThere := strings.CutSuffix(own, "/login")
	if !isThere {
		v.note("", "not checked: /api/forward-auth does not say which address the server takes for its own")
		return
	}
	change := "CARDEA_PUBLIC_URL=" + v.URL.String()
	seen, err := settings.ParsePublicURL(own)
	switch {
	case err != nil || seen == nil || strings.TrimSuffix(seen.String(), "/") != strings.TrimSuffix(v.URL.String(), "/"):
		v.wrong(change, "the server puts %s into its links instead of %s", own, v.URL)
	case v.Settings.PublicURL == "" && v.Data != nil && !isLoopback(v.URL.Hostname()):
		v.wrong(change, "the public URL is not set, so links in mails lead to an address of this machine")
	default:
		v.ok("the server knows that this is its address")
	}
}
