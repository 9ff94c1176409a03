package flask

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

const (
	// maxJSON in bytes is what a payload may inflate to. A cookie of plain JSON holds 3 KiB.
	maxJSON = 16 << 10
	// maxDepth bounds how deep a payload is nested.
	maxDepth = 32
	// maxName is the longest id or e-mail address that is looked up, in bytes.
	maxName = 254
)

// ErrNobody means that a cookie is of a session in which no user has signed in, or that its
// payload cannot be read.
var ErrNobody = errors.New("flask: it names no user")

// UserKeys are the keys of a session that name its user, unless others are set.
const UserKeys = "_user_id,user_id,email"

// maxKeyNames bounds what is looked up for a cookie.
const maxKeyNames = 8

// ParseUserKeys reads names of keys, separated by commas, at most 8.
func ParseUserKeys(text string) ([]string, error) {
	keys := strings.Split(text, ",")
	for i, key := range keys {
		keys[i] = strings.TrimSpace(key)
		if keys[i] == "" || len(keys) > maxKeyNames {
			return nil, errors.New("keys of the app's session, separated by commas, at most 8, such as _user_id")
		}
	}
	return keys, nil
}

// Name names a user: an id, or an address.
type Name struct {
	Text    string
	IsEmail bool
}

// Names reads what names the user: the values of some keys of the session. They have to name
// the same user. A value with an @ is an address; that of a key such as email has to be
// one. Error: [ErrNobody], also if a value is there that cannot name a user.
func (c Cookie) Names(keys []string) ([]Name, error) {
	text, err := inflate(c.payload)
	if err != nil || isDeep(text) {
		return nil, ErrNobody
	}
	var values map[string]json.RawMessage
	if json.Unmarshal(text, &values) != nil {
		return nil, ErrNobody
	}
	var names []Name
	for _, key := range keys {
		value := values[key]
		if value == nil || string(value) == "null" || string(value) == `""` {
			continue
		}
		name := untag(value)
		isEmail := strings.Contains(name, "@")
		if name == "" || len(name) > maxName || !isEmail && strings.Contains(key, "mail") {
			return nil, ErrNobody
		}
		names = append(names, Name{name, isEmail})
	}
	if len(names) == 0 {
		return nil, ErrNobody
	}
	return names, nil
}

// inflate returns the JSON of a payload, which begins with a dot if it is compressed.
func inflate(payload string) ([]byte, error) {
	encoded, isCompressed := strings.CutPrefix(payload, ".")
	data, err := base.DecodeString(encoded)
	if err != nil || !isCompressed {
		return data, err
	}
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(r, maxJSON+1))
	if err == nil && len(text) > maxJSON {
		err = errors.New("flask: too large")
	}
	return text, err
}

// isDeep reports whether JSON is nested more deeply than allowed. Malformed JSON may count
// as either.
func isDeep(text []byte) bool {
	depth, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// untag returns the text of a value that can name a user: a string, a whole number, or a
// UUID or Markup as Flask's TaggedJSONSerializer writes them. Others are empty.
func untag(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	if number := string(value); strings.Trim(number, "0123456789") == "" { // -1 and 1.5 are no ids
		return number
	}
	var tagged map[string]string
	if json.Unmarshal(value, &tagged) != nil || len(tagged) != 1 {
		return ""
	}
	if uuid, err := hex.DecodeString(tagged[" u"]); err == nil && len(uuid) == 16 {
		s := hex.EncodeToString(uuid)
		return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
	}
	return tagged[" m"]
}
