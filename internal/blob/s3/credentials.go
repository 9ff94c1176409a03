package s3

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

// ErrNoCredentials means that no credentials were found.
var ErrNoCredentials = errors.New("no credentials for the picture storage: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, " +
	"or AWS_SHARED_CREDENTIALS_FILE, or give this machine a role")

// credentialsPatience limits a request to the metadata service of a machine. That service is near.
const credentialsPatience = 2 * time.Second

// newCredentials looks for credentials where Amazon's tools do, in this order: the environment,
// files with profiles, and then the web identity, the container or the machine. Credentials that
// expire are renewed in time.
func newCredentials() *credentials.Credentials {
	providers := []credentials.Provider{&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}}
	if !strings.EqualFold(os.Getenv("AWS_EC2_METADATA_DISABLED"), "true") || hasRole() {
		providers = append(providers, &credentials.IAM{Client: &http.Client{
			Timeout:       credentialsPatience,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}})
	}
	return credentials.New(&chain{providers: providers})
}

// hasRole reports whether the environment names a role other than the machine's.
func hasRole() bool {
	for _, name := range []string{"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return false
}

// chain asks one provider after another. Unlike credentials.Chain, it fails if none has
// credentials. Otherwise requests would be sent unsigned.
type chain struct {
	providers []credentials.Provider
	current   credentials.Provider // nil: none yet
}

// RetrieveWithCredContext implements [credentials.Provider].
func (c *chain) RetrieveWithCredContext(cc *credentials.CredContext) (credentials.Value, error) {
	var last error
	for _, p := range c.providers {
		value, err := p.RetrieveWithCredContext(cc)
		if err == nil && value.AccessKeyID != "" && value.SecretAccessKey != "" {
			c.current = p
			return value, nil
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			last = err
		}
	}
	c.current = nil
	if last != nil && (hasRole() || os.Getenv("AWS_PROFILE") != "") {
		return credentials.Value{}, fmt.Errorf("%w (%w)", ErrNoCredentials, last)
	}
	return credentials.Value{}, ErrNoCredentials
}

// Retrieve implements [credentials.Provider].
func (c *chain) Retrieve() (credentials.Value, error) { return c.RetrieveWithCredContext(nil) }

// IsExpired implements [credentials.Provider].
func (c *chain) IsExpired() bool { return c.current == nil || c.current.IsExpired() }
