// Package outage tests what users notice of a PostgreSQL server that restarts, fails over, is cut
// off, or is changed by others. Each test has a server of its own.
package outage
