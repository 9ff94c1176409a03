package wire

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// maxRanges bounds the parts of one answer. Each costs a header of its own.
const maxRanges = 16

// ServeContent answers with content, or with the part of it that Range asks for. It
// ignores a Range that it must or may ignore (RFC 9110 section 14.2): of other methods than
// GET, in an unknown unit, malformed, or of very many parts. A well-formed Range beyond the
// end is answered with 416.
func (r *Request) ServeContent(name string, modified time.Time, content io.ReadSeeker) {
	if header := r.HTTP.Header["Range"]; len(header) > 0 {
		ranges, ok := byteRanges(header[0])
		if !ok || len(header) > 1 || r.HTTP.Method != http.MethodGet {
			delete(r.HTTP.Header, "Range")
		} else {
			header[0] = "bytes=" + ranges // units have no case
		}
	}
	http.ServeContent(r, r.HTTP, name, modified, content)
}

// byteRanges returns the list of ranges in a Range header; not ok if it is to be ignored.
func byteRanges(header string) (ranges string, ok bool) {
	unit, ranges, _ := strings.Cut(header, "=")
	if !strings.EqualFold(unit, "bytes") {
		return "", false
	}
	n := 0
	for item := range strings.SplitSeq(ranges, ",") {
		item = strings.Trim(item, " \t")
		if item == "" {
			continue
		}
		first, last, hyphen := strings.Cut(item, "-")
		first, last = strings.Trim(first, " \t"), strings.Trim(last, " \t")
		isBackwards := first != "" && last != "" && (len(first) > len(last) || len(first) == len(last) && first > last)
		if n++; !hyphen || first == "" && last == "" || strings.Trim(first+last, "0123456789") != "" || isBackwards || n > maxRanges {
			return "", false
		}
	}
	return ranges, n > 0
}
