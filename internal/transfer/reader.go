package transfer

import (
	"archive/tar"
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Each calls f for each user of an export, with the files of the user's picture by their
// names. Sizes, names and the order are checked, the values of the fields are not. Error:
// [ErrInvalid].
func Each(export io.ReaderAt, size int64, f func(u User, files map[string][]byte) error) error {
	users, err := findMember(io.NewSectionReader(export, 0, size), usersName)
	if err != nil {
		return err
	}
	pictures := &pictures{tar: tar.NewReader(io.NewSectionReader(export, 0, size))}
	if err := pictures.next(); err != nil {
		return err
	}
	lines := bufio.NewReaderSize(users, 64<<10)
	for last, number := "", 1; ; number++ {
		line, err := readLine(lines, usersName)
		if errors.Is(err, io.EOF) {
			return pictures.wantEnd()
		}
		if err != nil {
			return err
		}
		var u User
		if err := parse(line, &u); err != nil {
			return invalid("line %d of %s is not a user: %s", number, usersName, inWords(err))
		}
		if u.ID <= last {
			return invalid("line %d of %s is not in the order of the ids", number, usersName)
		}
		last = u.ID
		files, err := pictures.of(u)
		if err != nil {
			return err
		}
		if err := f(u, files); err != nil {
			return err
		}
	}
}

// Server calls f for each fact of an export that belongs to no user. The values of the fields
// are not checked. Error: [ErrInvalid].
func Server(export io.ReaderAt, size int64, f func(Fact) error) error {
	facts, err := findMember(io.NewSectionReader(export, 0, size), serverName)
	if err != nil {
		return err
	}
	lines := bufio.NewReaderSize(facts, 64<<10)
	for number := 1; ; number++ {
		line, err := readLine(lines, serverName)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var fact Fact
		if err := parse(line, &fact); err != nil {
			return invalid("line %d of %s is not a fact: %s", number, serverName, inWords(err))
		}
		if err := f(fact); err != nil {
			return err
		}
	}
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}

// findMember returns the content of a member with lines.
func findMember(file io.Reader, name string) (io.Reader, error) {
	r := tar.NewReader(file)
	head, err := r.Next()
	if err != nil || head.Name != infoName || head.Size > maxInfo {
		return nil, invalid("it does not begin with %s", infoName)
	}
	var found info
	if err := json.NewDecoder(r).Decode(&found); err != nil || found.Format != current.Format {
		return nil, invalid("%s is not readable", infoName)
	}
	if found.Version != current.Version {
		return nil, fmt.Errorf("the export has version %d; this release reads version %d", found.Version, current.Version)
	}
	for {
		head, err := r.Next()
		if err != nil {
			return nil, invalid("there is no %s", name)
		}
		if head.Name == name {
			return r, nil
		}
	}
}

func parse(line []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// inWords says what is wrong with a line.
func inWords(err error) string {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("the field %.70q cannot be a %.70s", wrong.Field, wrong.Value)
	}
	return fmt.Sprintf("%.200s", strings.TrimPrefix(err.Error(), "json: "))
}

// readLine reads a line of a member, of at most maxLine bytes.
func readLine(r *bufio.Reader, member string) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			return nil, invalid("a line of %s is too long", member)
		}
		switch {
		case err == nil && line == nil:
			return part, nil
		case err == nil:
			return append(line, part...), nil
		case errors.Is(err, bufio.ErrBufferFull):
			line = append(line, part...)
		case errors.Is(err, io.EOF) && len(line)+len(part) == 0:
			return nil, io.EOF
		default:
			return nil, invalid("%s ends in the middle of a line", member)
		}
	}
}

// pictures reads the files of the pictures, in step with the users.
type pictures struct {
	tar  *tar.Reader
	head *tar.Header // the file that comes next; nil: no more
}

// next goes to the next file.
func (p *pictures) next() error {
	for {
		head, err := p.tar.Next()
		switch {
		case err != nil:
			return invalid("it cannot be read as a tar file")
		case (head.Name == infoName || head.Name == serverName) && p.head == nil:
			continue
		case head.Name == usersName:
			p.head = nil
			return nil
		case head.Typeflag != tar.TypeReg || head.Size > maxPicture || !strings.HasPrefix(head.Name, pictureFolder):
			return invalid("it has a member that does not belong there: %q", head.Name)
		}
		p.head = head
		return nil
	}
}

// of reads the files of a user's picture.
func (p *pictures) of(u User) (map[string][]byte, error) {
	if u.Picture == nil {
		return nil, nil //nolint:nilnil // no files are no error
	}
	files := map[string][]byte{}
	for p.head != nil && strings.HasPrefix(p.head.Name, pictureFolder+u.ID+"/") {
		name := p.head.Name
		if len(files) == maxFiles {
			return nil, invalid("the picture of user %s has too many files", u.ID)
		}
		data := make([]byte, p.head.Size)
		if _, err := io.ReadFull(p.tar, data); err != nil {
			return nil, invalid("%s ends too early", name)
		}
		files[name] = data
		if err := p.next(); err != nil {
			return nil, err
		}
	}
	for _, name := range u.files() {
		if files[name] == nil {
			return nil, invalid("the file %q of user %s is missing, or not in its place", name, u.ID)
		}
	}
	return files, nil
}

func (u User) files() []string {
	names := []string{u.Picture.File}
	for _, crop := range u.Picture.Crops {
		names = append(names, crop.File)
	}
	return names
}

// wantEnd fails if files are left that no user has.
func (p *pictures) wantEnd() error {
	if p.head != nil {
		return invalid("no user has the file %q", p.head.Name)
	}
	return nil
}
