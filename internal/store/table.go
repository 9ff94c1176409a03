package store

import "strings"

// table is a table that is copied from one database to another.
type table struct {
	name    string
	columns []string // the primary key first
	keys    int      // how many columns the primary key has
	where   string   // which rows; empty: all
}

// tables lists what a database holds, parents before the rows that refer to them. Engines may
// have further tables for their own use, such as changes; migrations describes the database
// itself. A test compares the list with the schema of each engine.
var tables = []table{
	newTable("users", 1, "id name email email_key email_verified language password_hash suspended_at flask_from created_at"),
	newTable("sessions", 1, "id token_hash user_id created_at last_seen_at confirmed_at ip user_agent"),
	newTable("flask_cookies", 1, "hash expires_at"),
	{"marks", []string{"name", "at"}, 1, "name NOT LIKE '" + moveMarks + "%'"},
	newTable("pictures", 1, "user_id name blob_key content_type version crops_version updated_at"),
	newTable("crops", 2, "user_id side blob_key content_type version"),
	newTable("old_picture_names", 2, "user_id name used_at"),
	newTable("orphans", 1, "blob_key remove_at"),
	newTable("attempts", 3, "counter at id"),
	newTable("audit", 1, "id at event user_id ip request_id count"),
	newTable("challenges", 1, "id purpose user_id email email_key token_hash code_mac browser_hash state attempts created_at expires_at"),
	newTable("outbox", 1, "id user_id recipient kind sealed attempts error created_at send_at leased expires_at gave_up"),
	newTable("imports", 1, "key source email_hash id_refused user_id run name email password password_here is_suspended picture_hash picture_version"),
}

func newTable(name string, keys int, columns string) table {
	return table{name, strings.Fields(columns), keys, ""}
}

// query reads the rows in the order of the primary key. Texts are compared by their bytes on all
// engines, so the order is the same.
func (t table) query() string {
	query := "SELECT " + strings.Join(t.columns, ", ") + " FROM " + t.name
	if t.where != "" {
		query += " WHERE " + t.where
	}
	return query + " ORDER BY " + strings.Join(t.columns[:t.keys], ", ")
}
