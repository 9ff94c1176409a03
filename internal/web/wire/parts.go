package wire

import "io"

// parts is a body that consists of several byte slices. It is read from its start, or in
// ranges. Like a [bytes.Reader], it writes the whole without a copy.
type parts struct {
	*io.SectionReader
	list partList
}

// Len is the size of the whole.
func (p parts) Len() int { return int(p.Size()) }

func newParts(list [][]byte) parts {
	size := 0
	for _, part := range list {
		size += len(part)
	}
	return parts{io.NewSectionReader(partList(list), 0, int64(size)), list}
}

// WriteTo implements [io.WriterTo]. It writes all parts, whatever was read.
func (p parts) WriteTo(w io.Writer) (n int64, err error) {
	for _, part := range p.list {
		wrote, err := w.Write(part)
		if n += int64(wrote); err != nil {
			return n, err
		}
	}
	return n, nil
}

type partList [][]byte

// ReadAt implements [io.ReaderAt].
func (l partList) ReadAt(b []byte, offset int64) (n int, err error) {
	for _, part := range l {
		if offset >= int64(len(part)) {
			offset -= int64(len(part))
			continue
		}
		n += copy(b[n:], part[offset:])
		if offset = 0; n == len(b) {
			return n, nil
		}
	}
	return n, io.EOF
}
