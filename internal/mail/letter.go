package mail

import (
	"github.com/cardea-accounts/cardea/internal/words"
)

// Letter is what the templates show. Empty texts are left out.
type Letter struct {
	Language, Direction string // of the texts: a tag, and ltr or rtl
	Subject             string
	Preheader           string // the line that mailboxes show after the subject
	Heading             string
	Greeting            string
	Why                 string // why the reader gets this message
	Facts               []Fact
	Calm                string // when there is nothing to do

	LinkIntro, Button, Link, Fallback string // Fallback introduces Link as text below Button
	CodeIntro, Code                   string
	CodeFirst                         bool // the code comes before the link

	Works string // how long link and code work
	After string // what to do if it was not the reader
	Sent  string // who sent the message, and to whom
	App   App
}

// Fact is a line such as "Time: 1 March 2026".
type Fact struct{ Name, Value string }

// writer puts one message into words. The first error stays in err.
type writer struct {
	Message
	shape
	app      App
	language *words.Language
	places   words.Places
	err      error
}

func (w *writer) letter() Letter {
	w.places = words.Places{
		"app": w.app.Name, "address": w.To, "name": w.Name, "code": grouped(w.Code), "browser": w.Browser, "system": w.System,
		"duration": w.language.Duration(w.Lifetime), "until": w.language.Date(w.Time.Add(w.Lifetime)),
	}
	l := Letter{
		Language:  w.language.Tag(),
		Direction: w.text("direction"),
		Subject:   w.own("subject"),
		Heading:   w.own("heading"),
		Greeting:  w.text("mail.hello.nobody"),
		Why:       w.own("why"),
		Calm:      w.own("calm"),
		After:     w.own("after"),
		Works:     w.works(),
		Sent:      w.text("mail.sent"),
		App:       w.app,
		Link:      w.Link,
	}
	if w.greeted && greetable(w.Name) {
		l.Greeting = w.text("mail.hello")
	}
	if w.Link != "" {
		l.LinkIntro, l.Button, l.Fallback = w.own("link"), w.own("button"), w.text("mail.button.fallback")
	}
	if w.Code != "" {
		l.Code, l.CodeIntro = grouped(w.Code), w.own("code")
		l.CodeFirst = l.CodeIntro != ""
		if !l.CodeFirst {
			l.CodeIntro = w.text("mail.code")
		}
		l.Preheader = w.own("preheader")
	}
	if l.Preheader == "" {
		l.Preheader = l.Why
	}
	if device := w.describe(); device != "" && w.device {
		l.Facts = append(l.Facts, Fact{w.text("mail.device"), device})
	}
	if w.happened {
		l.Facts = append(l.Facts, Fact{w.text("mail.when"), w.language.Date(w.Time)})
	}
	return l
}

// own returns a text of this kind of message. If there is none, it is empty.
func (w *writer) own(name string) string {
	key := "mail." + string(w.Kind) + "." + name
	if !w.language.Has(key) {
		return ""
	}
	return w.text(key)
}

func (w *writer) text(key string) string {
	s, err := w.language.Text(key, w.places)
	if err != nil && w.err == nil {
		w.err = err
	}
	return s
}

// works says how long link and code work, if they expire.
func (w *writer) works() string {
	switch {
	case w.Lifetime <= 0:
		return ""
	case w.Link != "" && w.Code != "":
		return w.text("mail.works.both")
	case w.Link != "":
		return w.text("mail.works.link")
	case w.Code != "":
		return w.text("mail.works.code")
	}
	return ""
}

// describe names the device, such as Firefox on Windows.
func (w *writer) describe() string {
	switch {
	case w.Browser != "" && w.System != "":
		return w.text("device.both")
	case w.Browser != "" || w.System != "":
		return w.Browser + w.System
	case w.Kind == Device:
		return w.text("device.unknown")
	}
	return ""
}

// grouped splits a code of eight in the middle. Pages accept it with and without the
// hyphen.
func grouped(code string) string {
	if len(code) != 8 {
		return code
	}
	return code[:4] + "-" + code[4:]
}
