package smtp

import (
	"bytes"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"
	"golang.org/x/net/idna"
)

// Message is a mail to one recipient, ready to be sent.
type Message struct {
	ID       string    // its part of Message-ID before the @; the same in every attempt
	To       string    // a bare address
	Date     time.Time // when it was written
	Language string    // a tag, for Content-Language
	Subject  string
	Text     string
	HTML     string
}

// MessageID is the Message-ID header of a mail, without angle brackets. It is under the
// domain of the sender's address.
func MessageID(id string, from mail.Address) string {
	if sender, err := deliverable(from.Address); err == nil {
		from = sender
	}
	return id + from.Address[strings.LastIndexByte(from.Address, '@'):]
}

// mime returns a message as it is sent, with lines that end in CRLF. The addresses are
// deliverable. It fails with a permanent [*Error] if a header would have a line break or
// another control character.
func (m Message) mime(from, to mail.Address) ([]byte, error) {
	for _, header := range []string{m.Subject, from.Name} {
		if strings.ContainsFunc(header, isControl) || !utf8.ValidString(header) {
			return nil, refused("the subject or the sender's name has a control character")
		}
	}
	if m.ID == "" || strings.ContainsFunc(m.ID+m.Language, isNoToken) {
		return nil, refused("the message id or the language has other characters than letters, digits, - and .")
	}
	from.Name = words(from.Name)
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.EncodingQP))
	msg.SetAddrHeaderFromMailAddress(gomail.HeaderFrom, &from)
	msg.SetAddrHeaderFromMailAddress(gomail.HeaderTo, &to)
	msg.SetDateWithValue(m.Date.UTC())
	msg.SetMessageIDWithValue(MessageID(m.ID, from))
	msg.Subject(words(m.Subject))
	// RFC 3834, section 5: programs that answer mail leave it alone.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.Language != "" {
		msg.SetGenHeader(gomail.HeaderContentLang, m.Language)
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		return nil, refused(err.Error())
	}
	return b.Bytes(), nil
}

// words returns a header's text with single spaces, at which it can be folded. It takes
// apart what mail programs would decode (RFC 2047).
func words(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "=?", "= ?")
}

func refused(reason string) *Error {
	return &Error{Fault: Permanent, Step: "compose", Reply: oneLine(reason)}
}

func isNoToken(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.'
}

// deliverable parses a bare address without white space. A domain of other letters becomes ASCII, so only
// the part before the @ may need SMTPUTF8. Its String quotes what has to be quoted.
func deliverable(address string) (mail.Address, error) {
	parsed, err := mail.ParseAddress(address)
	isBroken := func(r rune) bool { return isControl(r) || unicode.IsSpace(r) }
	if err != nil || parsed.Name != "" || strings.ContainsFunc(parsed.Address, isBroken) || !utf8.ValidString(parsed.Address) {
		return mail.Address{}, errors.New("no e-mail address")
	}
	at := strings.LastIndexByte(parsed.Address, '@')
	domain, err := idna.Lookup.ToASCII(parsed.Address[at+1:])
	if err != nil {
		return mail.Address{}, fmt.Errorf("no e-mail address: %w", err)
	}
	return mail.Address{Address: parsed.Address[:at+1] + domain}, nil
}

// isASCII reports whether an address can be sent without SMTPUTF8 (RFC 6531).
func isASCII(address string) bool {
	return !strings.ContainsFunc(address, func(r rune) bool { return r >= utf8.RuneSelf })
}
