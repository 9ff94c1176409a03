package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// connector opens connections whose statements find Cardea's tables in its schema. It writes the
// schema before their names instead of setting search_path. A pooler such as pgbouncer in
// transaction mode gives each transaction another connection, with settings that are not ours.
type connector struct {
	driver.Connector
	texts     *texts
	bound     *bound
	timelines *timelines
}

func newConnector(config *pgx.ConnConfig, texts *texts, bound *bound, address Address) driver.Connector {
	config = config.Copy()
	address.timelines.watch(config)
	connections := stdlib.GetConnector(*config, stdlib.OptionShouldPing(afterLongRest), stdlib.OptionBeforeConnect(address.freshPassword))
	return connector{connections, texts, bound, address.timelines}
}

// afterLongRest reports whether to ping a connection before its next use, which costs a round trip.
// It does so for connections that were unused for so long that their server may have vanished. For
// others, the store repeats reads and transactions that meet a broken one. A rest longer than any
// connection lives means that the connection is new.
func afterLongRest(_ context.Context, p stdlib.ShouldPingParams) bool {
	return p.IdleDuration > longRest && p.IdleDuration < oldestConnection
}

const longRest = 5 * time.Second

// Connect implements [driver.Connector].
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &connection{Conn: conn.(*stdlib.Conn), texts: c.texts, bound: c.bound, timelines: c.timelines}, nil //nolint:forcetypeassert // stdlib makes no others
}

// connection is a connection of pgx that writes the schema into statements.
type connection struct {
	*stdlib.Conn
	texts     *texts
	bound     *bound
	timelines *timelines
	// isDemoted: its server refuses writes, because another one has become the primary.
	isDemoted bool
}

// PrepareContext implements [driver.ConnPrepareContext].
func (c *connection) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	ctx, cancel := c.bound.with(ctx)
	defer cancel()
	prepared, err := c.Conn.PrepareContext(ctx, c.texts.inSchema(query))
	return prepared, meant(ctx, err)
}

// ExecContext implements [driver.ExecerContext].
func (c *connection) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if c.isReplaced() {
		return nil, driver.ErrBadConn
	}
	ctx, cancel := c.bound.with(ctx)
	defer cancel()
	result, err := c.Conn.ExecContext(ctx, c.texts.inSchema(query), args)
	c.note(err)
	return result, meant(ctx, err)
}

// QueryContext implements [driver.QueryerContext].
func (c *connection) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if c.isReplaced() {
		return nil, driver.ErrBadConn
	}
	ctx, cancel := c.bound.with(ctx)
	rows, err := c.Conn.QueryContext(ctx, c.texts.inSchema(query), args)
	if c.note(err); err != nil {
		err = meant(ctx, err)
		cancel()
		return nil, err
	}
	return &boundRows{rows, ctx, cancel}, nil
}

// BeginTx implements [driver.ConnBeginTx].
func (c *connection) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	bounded, cancel := c.bound.with(ctx)
	defer cancel()
	how := pgx.TxOptions{IsoLevel: isolation[sql.IsolationLevel(options.Isolation)]}
	if options.ReadOnly {
		how.AccessMode = pgx.ReadOnly
	}
	begun, err := c.Conn.Conn().BeginTx(bounded, how)
	if err != nil {
		return nil, meant(bounded, err)
	}
	return &tx{begun, context.WithoutCancel(ctx), c.bound}, nil
}

// isolation has the levels that Cardea uses.
var isolation = map[sql.IsolationLevel]pgx.TxIsoLevel{ //nolint:exhaustive // no others
	sql.LevelRepeatableRead: pgx.RepeatableRead,
	sql.LevelSerializable:   pgx.Serializable,
}

// ResetSession implements [driver.SessionResetter]. It pings a connection that was unused for long.
func (c *connection) ResetSession(ctx context.Context) error {
	if c.isReplaced() {
		return driver.ErrBadConn
	}
	ctx, cancel := context.WithTimeout(ctx, resetPatience)
	defer cancel()
	return c.Conn.ResetSession(ctx)
}

// resetPatience is short, because many broken connections may be tried before a working one.
const resetPatience = 2 * time.Second

func (c *connection) note(err error) {
	if code(err) == codeReadOnly {
		c.isDemoted = true
	}
}

// CheckNamedValue implements [driver.NamedValueChecker]. The tables store booleans as 0 and 1, as
// SQLite's do.
func (c *connection) CheckNamedValue(v *driver.NamedValue) error {
	if truth, ok := v.Value.(bool); ok {
		if v.Value = int64(0); truth {
			v.Value = int64(1)
		}
		return nil
	}
	if text, ok := v.Value.(string); ok {
		v.Value = storable(text)
	}
	return c.Conn.CheckNamedValue(v)
}

// storable returns a text that PostgreSQL can store: valid UTF-8 without NUL. Each NUL becomes U+FFFD,
// and so does each run of invalid bytes. It is applied to lookups too, so they do not fail. They find a
// row that has U+FFFD in that place.
func storable(text string) string {
	if !strings.Contains(text, "\x00") && utf8.ValidString(text) {
		return text
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
}

// IsValid implements [driver.Validator]. A connection leaves the pool at once if it broke, or if its
// server was demoted or replaced.
func (c *connection) IsValid() bool {
	return !c.isDemoted && !c.Conn.Conn().IsClosed() && !c.isReplaced()
}

// texts caches the statements with the schema before the names of tables. The package store has a
// fixed number of statements, so the cache needs no limit.
type texts struct {
	schema string // in quotes
	tables map[string]bool
	known  sync.Map // string by string
}

func (t *texts) inSchema(query string) string {
	if text, ok := t.known.Load(query); ok {
		return text.(string) //nolint:forcetypeassert // nothing else is stored
	}
	text := t.qualify(query)
	t.known.Store(query, text)
	return text
}

// qualify writes the schema before each table that follows FROM, JOIN, INTO or UPDATE.
func (t *texts) qualify(query string) string {
	var out strings.Builder
	namesTable := false
	for rest := query; rest != ""; {
		n := wordLength(rest)
		word := rest[:max(n, 1)]
		if n > 0 {
			if namesTable && t.tables[word] {
				out.WriteString(t.schema + ".")
			}
			switch strings.ToUpper(word) {
			case "FROM", "JOIN", "INTO", "UPDATE":
				namesTable = true
			default:
				namesTable = false
			}
		}
		out.WriteString(word)
		rest = rest[len(word):]
	}
	return out.String()
}

// wordLength returns the length of the word that a text begins with; 0: there is none.
func wordLength(text string) int {
	for i, c := range []byte(text) {
		isLetter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= '0' && c <= '9' || c == '.'
		if !isLetter {
			return i
		}
	}
	return len(text)
}
