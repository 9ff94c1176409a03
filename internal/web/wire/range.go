package wire

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRanges bounds the parts of one answer. Each costs a header of its own.
const maxRanges = 16

// ServeContent answers with content, or with the part of it that Range asks for. It
// ignores a Range that it must or may ignore (RFC 9110 section 14.2): of other methods than
// GET, in an unknown unit, malformed, or of very many parts. A well-formed Range beyond the
// end is answered with range_not_satisfiable.
func (r *Request) ServeContent(name string, modified time.Time, content io.ReadSeeker) {
	header := r.HTTP.Header["Range"]
	if len(header) == 0 {
		http.ServeContent(r, r.HTTP, name, modified, content)
		return
	}
	ranges := byteRanges(header)
	if ranges == "" || r.HTTP.Method != http.MethodGet {
		delete(r.HTTP.Header, "Range")
	} else {
		r.HTTP.Header["Range"] = []string{"bytes=" + ranges}
	}
	http.ServeContent(&rangeWriter{Request: r}, r.HTTP, name, modified, content)
}

// beyond is a range that no content has.
const beyond = "9223372036854775807-"

// byteRanges returns the ranges of a Range header as net/http understands them, which takes
// no number beyond 63 bits and no part of zero bytes. It returns an empty text if the header
// is to be ignored.
func byteRanges(header []string) string {
	unit, list, _ := strings.Cut(header[0], "=")
	if len(header) > 1 || !strings.EqualFold(unit, "bytes") { // units have no case
		return ""
	}
	var ranges []string
	for item := range strings.SplitSeq(list, ",") {
		item = strings.Trim(item, " \t")
		if item == "" {
			continue
		}
		first, last, hyphen := strings.Cut(item, "-")
		first, last = strings.Trim(first, " \t"), strings.Trim(last, " \t")
		if !hyphen || first == "" && last == "" || strings.Trim(first+last, "0123456789") != "" || len(ranges) == maxRanges {
			return ""
		}
		from, to := position(first), position(last)
		switch {
		case first == "" && to == 0: // the last zero bytes
			item = beyond
		case first == "":
			item = "-" + strconv.FormatInt(to, 10)
		case last == "":
			item = strconv.FormatInt(from, 10) + "-"
		case from > to:
			return ""
		default:
			item = strconv.FormatInt(from, 10) + "-" + strconv.FormatInt(to, 10)
		}
		ranges = append(ranges, item)
	}
	return strings.Join(ranges, ",")
}

// position parses digits. A number that is too large becomes the largest one.
func position(digits string) int64 {
	n, _ := strconv.ParseInt(digits, 10, 64)
	return n
}

// rangeWriter replaces the plain text with which net/http refuses a range.
type rangeWriter struct {
	*Request
	refused bool
}

// WriteHeader implements [http.ResponseWriter].
func (w *rangeWriter) WriteHeader(status int) {
	if status != http.StatusRequestedRangeNotSatisfiable {
		w.Request.WriteHeader(status)
		return
	}
	w.refused = true
	h := w.Header()
	h.Del("Content-Disposition")
	h.Del("Cross-Origin-Opener-Policy")
	h["Content-Security-Policy"], h["Cache-Control"] = apiCSP, noStore
	w.Fail(errRange)
}

// Write implements [http.ResponseWriter].
func (w *rangeWriter) Write(b []byte) (int, error) {
	if w.refused {
		return len(b), nil
	}
	return w.Request.Write(b)
}
