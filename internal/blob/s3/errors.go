package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"

	"github.com/cardea-accounts/cardea/internal/blob"
)

// ErrSetup means that the storage cannot work until an operator corrects something: the bucket, the
// credentials, the region, the clock or the certificates. The error says what.
var ErrSetup = errors.New("the picture storage is not set up")

// setupError is an [ErrSetup] that says in one line what is wrong and what to do.
type setupError struct{ brief, text string }

func (e setupError) Error() string        { return e.text }
func (e setupError) Is(target error) bool { return target == ErrSetup } //nolint:errorlint // what [errors.Is] looks for

// Brief says in a few words what is wrong with the storage. Anyone may read it.
func (e setupError) Brief() string { return e.brief }

func setup(brief, format string, args ...any) error {
	return setupError{brief, fmt.Sprintf(format, args...)}
}

// What is wrong with a storage, in a few words. They follow its name.
const (
	isMisnamed    = "is not where the setting says"
	hasNoBucket   = "has no such bucket"
	refusesKeys   = "refuses the credentials"
	deniesAccess  = "denies access"
	hasOtherClock = "has a different time than this machine"
	isInRegion    = "is in another region"
	isNotSecure   = "cannot be reached over a secure connection"
	lacksKeys     = "needs credentials"
)

// explain turns an error of a call into one of [blob.Store]. Errors: [blob.ErrNotFound],
// [blob.ErrFull], [ErrSetup]; others are outages.
func (b *Bucket) explain(err error) error {
	if err == nil || errors.Is(err, blob.ErrNotFound) || errors.Is(err, ErrSetup) {
		return err
	}
	if errors.Is(err, ErrNoCredentials) {
		return setup(lacksKeys, "%v", err)
	}
	answer, ok := errors.AsType[minio.ErrorResponse](err)
	if !ok {
		return b.explainNetwork(err)
	}
	if answer.StatusCode == http.StatusInsufficientStorage || isFull[answer.Code] {
		return fmt.Errorf("%w: %s: %s", blob.ErrFull, b.at, oneLine(answer))
	}
	switch answer.Code {
	case minio.NoSuchKey:
		return blob.ErrNotFound
	case minio.NoSuchBucket:
		return setup(hasNoBucket, "there is no bucket %s at %s; create it, or correct the setting storage", b.at.Bucket, b.at.host())
	case "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidToken", "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "XAdminUserNotFound":
		return setup(refusesKeys, "%s does not know the access key, or it has expired; correct or renew the credentials (%s)", b.at.host(), answer.Code)
	case "SignatureDoesNotMatch":
		return setup(refusesKeys, "%s refuses the signature; correct AWS_SECRET_ACCESS_KEY, or the region %s", b.at.host(), b.at.Region)
	case minio.AccessDenied, "AllAccessDisabled", "AccountProblem", "UnauthorizedAccess":
		return setup(deniesAccess, "%s denies access to the bucket %s; allow s3:ListBucket for the bucket, and s3:GetObject, s3:PutObject and s3:DeleteObject for the prefix (%s)",
			b.at.host(), b.at.Bucket, answer.Code)
	case "RequestTimeTooSkewed", "RequestExpired":
		return setup(hasOtherClock, "the clock of this machine differs from that of %s by more than 15 minutes; set the clock, for instance with NTP", b.at.host())
	case minio.AuthorizationHeaderMalformed, minio.InvalidRegion, "IllegalLocationConstraintException", "PermanentRedirect", "301 Moved Permanently", "IncorrectEndpoint":
		return b.wrongRegion(answer)
	}
	if answer.StatusCode == http.StatusForbidden || answer.StatusCode == http.StatusUnauthorized {
		return setup(deniesAccess, "%s refuses access to the bucket %s; correct the credentials (%s)", b.at.host(), b.at.Bucket, oneLine(answer))
	}
	if isFinal(answer.StatusCode) {
		return answered{fmt.Sprintf("%s: %s answered %d %s", b.at, b.at.host(), answer.StatusCode, oneLine(answer))}
	}
	return fmt.Errorf("%s: %s", b.at, oneLine(answer))
}

// answered is the error of a call that the server has refused.
type answered struct{ text string }

func (e answered) Error() string { return e.text }

// isFinal reports whether a server that answers with a status has done nothing.
func isFinal(status int) bool {
	return status >= 400 && status < 500 || status == http.StatusNotImplemented
}

// isFull has the codes of MinIO, Ceph and other servers for a full disk or quota.
var isFull = map[string]bool{
	"InsufficientStorage": true, "InsufficientCapacity": true, "QuotaExceeded": true, "StorageQuotaExceeded": true,
	"XMinioStorageFull": true, "XMinioAdminBucketQuotaExceeded": true,
}

func (b *Bucket) wrongRegion(answer minio.ErrorResponse) error {
	if answer.Region != "" && answer.Region != b.at.Region {
		return setup(isInRegion, "the bucket %s is in the region %s, not %s; add region=%[2]s to the setting storage", b.at.Bucket, answer.Region, b.at.Region)
	}
	return setup(isInRegion, "%s refuses the region %s; add the bucket's region=… to the setting storage (%s)", b.at.host(), b.at.Region, oneLine(answer))
}

// explainNetwork explains an error that did not come from the server.
func (b *Bucket) explainNetwork(err error) error {
	if problem := tlsProblem(err); problem != "" {
		return setup(isNotSecure, "no secure connection to %s: %s; name the right endpoint, or trust its certificate with SSL_CERT_FILE", b.at.host(), problem)
	}
	if unknown, ok := errors.AsType[*net.DNSError](err); ok && unknown.IsNotFound {
		return setup(isMisnamed, "there is no host %s; correct the endpoint in the setting storage", unknown.Name)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: no answer from %s within %v: %w", b.at, b.at.host(), b.callTime, err)
	}
	if request, ok := errors.AsType[*url.Error](err); ok && !errors.Is(err, context.Canceled) {
		err = request.Err // without the method and the address of the request
		return fmt.Errorf("%s: no answer from %s: %w", b.at, b.at.host(), err)
	}
	return fmt.Errorf("%s: %w", b.at, err)
}

// tlsProblem says what is wrong with a certificate or with TLS; empty for other errors.
func tlsProblem(err error) string {
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return e.Err.Error()
	}
	if e, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return e.Error()
	}
	if e, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return e.Error()
	}
	if e, ok := errors.AsType[tls.AlertError](err); ok {
		return e.Error()
	}
	if text := err.Error(); strings.Contains(text, "server gave HTTP response to HTTPS client") { // net/http has no type for it
		return "it answers without TLS"
	}
	return ""
}

// oneLine returns a server's error in one line, at most 200 bytes of it.
func oneLine(answer minio.ErrorResponse) string {
	text := strings.Join(strings.Fields(answer.Code+": "+answer.Message), " ")
	if len(text) > 200 {
		text = strings.ToValidUTF8(text[:200], "") + "…"
	}
	return text
}
