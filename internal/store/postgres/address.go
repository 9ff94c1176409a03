package postgres

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cardea-accounts/cardea/internal/pgaddress"
)

// Address is where a database is: server, database and schema.
type Address struct {
	config      *pgx.ConnConfig
	schema      string
	connections int    // the most that one process opens
	passwords   string // the file with the password; empty: none
	ignored     string // a PGPASSFILE that is ignored, because others have access to it; empty: none
	timelines   *timelines
}

// Parameters of an address that only Cardea knows.
const (
	paramSchema      = "schema"
	paramConnections = "pool_max_conns" // as pgx's pool calls it
)

const (
	defaultSchema = "cardea"
	// defaultConnections is a fifth of the 100 that PostgreSQL allows by default.
	defaultConnections = 20
	leastConnections   = 5 // one to write, two to read because a check uses one for long, two for watching
	mostConnections    = 1000
)

// libpqParams are the parameters of libpq that an address may have
// (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS). Any other name
// is probably misspelt. pgx would send it to the server as a setting.
var libpqParams = []string{
	"host", "port", "dbname", "user", "passfile", "connect_timeout", "target_session_attrs",
	"sslmode", "sslcert", "sslkey", "sslrootcert", "sslsni", "sslnegotiation", "channel_binding",
	"krbsrvname", "service", "servicefile", "min_protocol_version", "max_protocol_version",
}

var sslModes = []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

// errAddress quotes nothing of the address, because one that cannot be parsed may have a password.
var errAddress = errors.New("an address such as postgres://user@host/database?sslmode=verify-full, see docs/postgres.md")

// Check fails if an address cannot be used. The error says what is allowed instead.
func Check(address string) error {
	_, err := parse(address)
	return err
}

func parse(address string) (*url.URL, error) {
	if pgaddress.CheckClear(address) != nil {
		return nil, errAddress
	}
	u, err := url.Parse(address)
	if err != nil { // net/url cannot parse several hosts that each have a port
		if u, err = url.Parse(withoutHosts(address)); err != nil {
			return nil, errAddress
		}
	}
	if u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, errAddress
	}
	params, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errAddress
	}
	if _, has := u.User.Password(); has || params.Has("password") || params.Has("sslpassword") {
		return nil, errors.New("an address without a password, because every user of the machine could read it: put it into a file and name the file with " +
			"database-password-file, or use PGPASSFILE or PGPASSWORD")
	}
	for name, values := range params {
		if err := checkParam(name, values); err != nil {
			return nil, err
		}
	}
	return u, nil
}

// withoutHosts replaces the hosts of an address by a single one.
func withoutHosts(address string) string {
	scheme, rest, _ := strings.Cut(address, "://")
	end := len(rest)
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		end = i
	}
	user, _, has := strings.Cut(rest[:end], "@")
	if !has {
		return scheme + "://host" + rest[end:]
	}
	return scheme + "://" + user + "@host" + rest[end:]
}

func checkParam(name string, values []string) error {
	value := values[len(values)-1]
	switch {
	case len(values) > 1:
		return fmt.Errorf("an address with %s only once", name)
	case name == paramSchema:
		if !isName(value) {
			return errors.New("a schema of its own, whose name has only a–z, 0–9 and _ and begins with a letter, such as schema=cardea")
		}
	case name == paramConnections:
		if n, err := strconv.Atoi(value); err != nil || n < leastConnections || n > mostConnections {
			return fmt.Errorf("a pool_max_conns from %d to %d", leastConnections, mostConnections)
		}
	case name == "connect_timeout":
		if n, err := strconv.Atoi(value); err != nil || n < 0 {
			return errors.New("a connect_timeout in whole seconds, such as connect_timeout=5")
		}
	case name == "sslmode":
		if !slices.Contains(sslModes, value) {
			return fmt.Errorf("an sslmode out of %s", strings.Join(sslModes, ", "))
		}
	case name == "target_session_attrs":
		if value != "any" && value != "read-write" && value != "primary" {
			return errors.New("target_session_attrs=read-write, because Cardea writes")
		}
	case !slices.Contains(libpqParams, name):
		return fmt.Errorf("an address without the parameter %s; known are %s, %s and most of libpq, such as sslmode", strconv.Quote(name), paramSchema, paramConnections)
	}
	return nil
}

// isName reports whether a name can be Cardea's schema: it has no special characters, and is not a
// schema that others use. PostgreSQL's longest names have 63 bytes.
func isName(name string) bool {
	for i, c := range []byte(name) {
		isLetter := c >= 'a' && c <= 'z' || c == '_'
		if !isLetter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != "" && len(name) <= 63 && !strings.HasPrefix(name, "pg_") && name != "public"
}

// connectTimeout is how long connecting to one host may take, unless connect_timeout says
// otherwise.
const connectTimeout = 5 * time.Second

// ParseAddress parses an address. passwordFile is a file with the password. If it is empty, the
// password comes from PGPASSWORD or PGPASSFILE, or none is needed. Like libpq, it ignores a
// PGPASSFILE to which others have access. It fails like [Check], or if a file cannot be read.
func ParseAddress(address, passwordFile string) (Address, error) {
	u, err := parse(address)
	if err != nil {
		return Address{}, err
	}
	own := u.Query()
	address = withoutParams(address, paramSchema, paramConnections)
	ignored := openPassfile(own.Get("passfile"))
	if ignored != "" {
		address = withoutPassfile(address)
	}
	config, err := pgx.ParseConfig(address)
	if err != nil && wants(err, "unable to add CA to cert pool") {
		return Address{}, fmt.Errorf("sslrootcert: the file %s has no certificate in PEM; it must be that of the authority that signed the server's",
			cmp.Or(own.Get("sslrootcert"), os.Getenv("PGSSLROOTCERT")))
	}
	if err != nil {
		return Address{}, fmt.Errorf("cannot parse the address: %w", cmp.Or(errors.Unwrap(err), errAddress))
	}
	if passwordFile != "" {
		if config.Password, err = readPassword(passwordFile); err != nil {
			return Address{}, err
		}
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	config.RuntimeParams["application_name"] = "cardea-" + strings.ToLower(rand.Text()[:8]) // names the process in changes
	config.DialFunc = dialer().DialContext
	connections, _ := strconv.Atoi(own.Get(paramConnections)) // checked above
	if config.Password != "" {
		ignored = "" // there is another password
	}
	return Address{
		config: config, schema: cmp.Or(own.Get(paramSchema), defaultSchema), connections: cmp.Or(connections, defaultConnections),
		passwords: passwordFile, ignored: ignored, timelines: &timelines{},
	}, nil
}

// dialer returns a dialer whose connections notice within half a minute that a server has vanished
// without closing them, for instance when its machine lost power.
func dialer() *net.Dialer {
	return &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}}
}

// withoutParams removes parameters from an address, and keeps the rest as it is.
func withoutParams(address string, names ...string) string {
	before, query, has := strings.Cut(address, "?")
	if !has {
		return address
	}
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		if !slices.Contains(names, name) {
			kept = append(kept, part)
		}
	}
	return before + "?" + strings.Join(kept, "&")
}

// quoted returns the schema as SQL needs it. Its name may be a word of SQL.
func (a Address) quoted() string { return pgx.Identifier{a.schema}.Sanitize() }

// String returns the address without the password, to show to operators.
func (a Address) String() string {
	hosts := []string{net.JoinHostPort(a.config.Host, strconv.Itoa(int(a.config.Port)))}
	for _, other := range a.config.Fallbacks {
		host := net.JoinHostPort(other.Host, strconv.Itoa(int(other.Port)))
		if !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	text := fmt.Sprintf("postgres://%s@%s/%s", a.config.User, strings.Join(hosts, ","), a.config.Database)
	if a.schema != defaultSchema {
		text += "?" + paramSchema + "=" + a.schema
	}
	return text
}
