package postgres

import (
	"context"
	"database/sql/driver"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// connector opens connections whose statements find Cardea's tables in its schema. It writes the
// schema before their names, instead of setting search_path: a pooler such as pgbouncer in
// transaction mode gives each transaction another connection, whose settings are not ours.
type connector struct {
	driver.Connector
	texts *texts
}

func newConnector(config *pgx.ConnConfig, texts *texts) driver.Connector {
	return connector{stdlib.GetConnector(*config), texts}
}

// Connect implements [driver.Connector].
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &connection{Conn: conn.(*stdlib.Conn), texts: c.texts}, nil //nolint:forcetypeassert // stdlib makes no others
}

// connection is one of pgx whose statements are changed on the way.
type connection struct {
	*stdlib.Conn
	texts *texts
	// isDemoted: its server takes no writes any more, because another one has become the primary.
	isDemoted bool
}

// PrepareContext implements [driver.ConnPrepareContext].
func (c *connection) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	return c.Conn.PrepareContext(ctx, c.texts.inSchema(query))
}

// ExecContext implements [driver.ExecerContext].
func (c *connection) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	result, err := c.Conn.ExecContext(ctx, c.texts.inSchema(query), args)
	c.note(err)
	return result, err
}

// QueryContext implements [driver.QueryerContext].
func (c *connection) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.Conn.QueryContext(ctx, c.texts.inSchema(query), args)
	c.note(err)
	return rows, err
}

func (c *connection) note(err error) {
	if code(err) == codeReadOnly {
		c.isDemoted = true
	}
}

// CheckNamedValue implements [driver.NamedValueChecker]. The tables keep truth as 0 and 1, as
// those of SQLite do.
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

// storable is a text as PostgreSQL can keep it: valid UTF-8 without NUL. A stranger's text with
// such bytes is looked up too, and is not found.
func storable(text string) string {
	if !strings.Contains(text, "\x00") && utf8.ValidString(text) {
		return text
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
}

// IsValid implements [driver.Validator]: a connection that broke, or leads to a server that was
// demoted, leaves the pool at once.
func (c *connection) IsValid() bool { return !c.isDemoted && !c.Conn.Conn().IsClosed() }

// texts keeps the statements with the schema before the names of tables. The package store has a
// fixed number of statements, so there is a fixed number of texts.
type texts struct {
	schema string
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

// wordLength is the length of the word that a text begins with; 0: none.
func wordLength(text string) int {
	for i, c := range []byte(text) {
		isLetter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= '0' && c <= '9' || c == '.'
		if !isLetter {
			return i
		}
	}
	return len(text)
}
