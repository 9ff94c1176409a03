package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// readyPatience bounds the question whether a server is ready. The server gives up on its
// database and storage after 4 seconds.
const readyPatience = 5 * time.Second

// Ready asks a server whether it is ready, for at most 5 seconds and without any proxy. It
// returns what the server warns of although it is ready; empty: nothing. Errors name the
// address.
func Ready(ctx context.Context, server *url.URL) (warning string, err error) {
	transport := &http.Transport{DisableKeepAlives: true}
	v := visit{Options: Options{URL: server}, client: &http.Client{Transport: transport, Timeout: readyPatience, CheckRedirect: stay}}
	answer, err := v.ask(ctx, http.MethodGet, "/readyz", nil)
	switch {
	case err != nil:
		return "", fmt.Errorf("%s does not answer: %s", server, inWords(err))
	case !answer.isOurs():
		return "", fmt.Errorf("%s is not Cardea: GET /readyz has status %d there", server, answer.status)
	case answer.status != http.StatusOK:
		return "", fmt.Errorf("%s: %w", server, errors.New(answer.body.Message))
	}
	return answer.body.Message, nil
}
