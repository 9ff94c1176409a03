package sqlite

import (
	"net/url"
	"path/filepath"
	"runtime"
)

const driverName = "sqlite"

// How long, in milliseconds, SQLite itself waits for a lock of another process. The
// writer asks again until its patience ends, see [store.DB.Tx], and gives the connection
// to others in between. Readers only wait for processes that open or close the database.
const (
	writerTimeout = "busy_timeout(100)"
	readerTimeout = "busy_timeout(2000)"
)

// walLimit is how large the write-ahead log stays, in bytes, after a long reader made it
// larger.
const walLimit = "journal_size_limit(67108864)"

// writerDSN sets a write-ahead log, so readers never wait for the writer, and
// synchronous=FULL, so a commit has reached the disk when it returns
// (https://sqlite.org/pragma.html#pragma_synchronous). Transactions take the write lock
// when they begin, because one that reads first could fail half-way.
func writerDSN(path string) string {
	return dsn(path, "immediate", writerTimeout, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", walLimit)
}

// readerDSN sets query_only: a write through the reading pool is an error.
func readerDSN(path string) string {
	return dsn(path, "deferred", readerTimeout, "query_only(1)")
}

func dsn(path, lock string, pragmas ...string) string {
	return address(path, url.Values{"_pragma": pragmas, "_txlock": {lock}})
}

// readOnlyDSN is for a file that cannot be written. If it is immutable, SQLite takes no
// locks and makes no files (https://sqlite.org/uri.html#uriimmutable).
func readOnlyDSN(path string, immutable bool) string {
	v := url.Values{"_pragma": {readerTimeout}, "mode": {"ro"}}
	if immutable {
		v.Set("immutable", "1")
	}
	return address(path, v)
}

func address(path string, v url.Values) string {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.Clean(path)}).EscapedPath()}
	u.RawQuery = v.Encode()
	return u.String()
}

// maxReaders is few more than the cores, because reads are short and in memory.
func maxReaders() int { return max(4, 2*runtime.NumCPU()) }
