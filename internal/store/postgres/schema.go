package postgres

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// wantedSchema is the schema that the migrations create, one part per line. A test compares them.
//
//go:embed schema.txt
var wantedSchema string

// parts lists what a schema consists of: the kind and name of a part, and how it is defined,
// without the name of the schema.
const parts = `
SELECT 'column ' || c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod)
	|| CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
	|| CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || o.collname ELSE '' END
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
	LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum LEFT JOIN pg_collation o ON o.oid = a.attcollation
WHERE c.relnamespace = to_regnamespace($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint ' || c.relname || '.' || k.conname, pg_get_constraintdef(k.oid) || CASE WHEN k.convalidated THEN '' ELSE ' NOT VALID' END
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.connamespace = to_regnamespace($1) AND k.contype <> 'n'
UNION ALL
SELECT 'index ' || c.relname, pg_get_indexdef(i.indexrelid) || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = to_regnamespace($1)
UNION ALL
SELECT 'trigger ' || c.relname || '.' || g.tgname, pg_get_triggerdef(g.oid) || CASE WHEN g.tgenabled IN ('O', 'A') THEN '' ELSE ' DISABLED' END
FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid WHERE c.relnamespace = to_regnamespace($1) AND NOT g.tgisinternal
UNION ALL
SELECT 'function ' || p.proname, md5(replace(replace(p.prosrc, '"' || $1 || '".', ''), $1 || '.', '')) FROM pg_proc p WHERE p.pronamespace = to_regnamespace($1)`

// querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// schemaOf maps each part of the schema to its definition.
func (e *engine) schemaOf(ctx context.Context, q querier) (map[string]string, error) {
	rows, err := q.QueryContext(ctx, parts, e.address.schema)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	schema := map[string]string{}
	withoutSchema := strings.NewReplacer(e.address.quoted()+".", "", e.address.schema+".", "") // PostgreSQL quotes words of SQL
	for rows.Next() {
		var name, definition string
		if err := rows.Scan(&name, &definition); err != nil {
			return nil, err
		}
		schema[name] = withoutSchema.Replace(definition)
	}
	return schema, rows.Err()
}

// schemaText returns a schema in the form of schema.txt.
func schemaText(schema map[string]string) string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(schema)) {
		fmt.Fprintf(&text, "%s: %s\n", name, schema[name])
	}
	return text.String()
}

func parseSchema(text string) map[string]string {
	schema := map[string]string{}
	for line := range strings.Lines(text) {
		name, definition, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		schema[name] = definition
	}
	return schema
}

// differences compares the schema with the one that the migrations create, and describes each
// difference in a sentence. Missing or changed parts are damages. Without its triggers, for instance,
// Cardea does not notice that another process revoked a session. Cardea works with the harmless ones:
// changed indexes, and triggers of others. It ignores other things that others have added.
func (e *engine) differences(ctx context.Context, q querier) (damages, harmless []string, err error) {
	have, err := e.schemaOf(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	want := parseSchema(wantedSchema)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		definition, ok := have[name]
		changed := fmt.Sprintf("the %s is not as Cardea makes it: %s", name, definition)
		switch {
		case definition == want[name]:
		case !ok:
			damages = append(damages, fmt.Sprintf("the %s is missing", name))
		case strings.HasPrefix(name, "index "):
			harmless = append(harmless, changed)
		default:
			damages = append(damages, changed)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if _, ok := want[name]; !ok && strings.HasPrefix(name, "trigger ") { // it may change what Cardea writes
			harmless = append(harmless, fmt.Sprintf("the %s is not one of Cardea's", name))
		}
	}
	return damages[:min(len(damages), maxDamages)], harmless[:min(len(harmless), maxDamages)], nil
}
