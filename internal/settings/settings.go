// Package settings declares the settings of a program. One declaration gives a setting
// its flag, its environment variable, its help, its default and the values it allows:
//
//	settings.Duration("session-idle", &c.SessionIdle, 14*settings.Day, time.Second,
//		"`time` after which an unused session expires")
package settings

import (
	"errors"
	"flag"
	"fmt"
	"reflect"
	"strings"
)

// Setting is one setting of a program, bound to the variable that holds its value. The
// variable's zero value means the default.
type Setting struct {
	Name    string // of the flag, without dashes: session-idle
	Section string // of the help
	Default string // as typed; empty: none
	// IsSwitch: the flag needs no value, as in --dev.
	IsSwitch bool

	usage   string // the name of the value is between backquotes, as in package flag
	without string // what applies without a value and a default
	set     func(text string) error
	check   func() error
	fill    func()
}

// kind is how values of one type are read, written and judged. Errors say what is
// allowed; an [*Error] may name the part of the value that is not.
type kind[T any] struct {
	parse func(text string) (T, error)
	print func(T) string
	check func(T) error
}

// declare binds a setting to a field.
func declare[T any](name string, field *T, standard T, k kind[T], usage string) Setting {
	s := Setting{Name: name, usage: usage, Default: k.print(standard)}
	s.set = func(text string) error {
		var v T
		if text != "" {
			var err error
			if v, err = k.parse(text); err == nil {
				err = k.check(v)
			}
			if err != nil {
				return wrap(name, text, err)
			}
		} else if s.Default != "" {
			return NewError(name, text, "a value, or leave the setting out for its default, "+s.Default)
		}
		*field = v
		return nil
	}
	s.check = func() error {
		if isZero(*field) {
			return nil
		}
		if err := k.check(*field); err != nil {
			return wrap(name, k.print(*field), err)
		}
		return nil
	}
	s.fill = func() {
		if isZero(*field) {
			*field = standard
		}
	}
	return s
}

func isZero[T any](v T) bool { return reflect.ValueOf(v).IsZero() }

// Without says what applies if a setting without a default is not set.
func (s Setting) Without(words string) Setting {
	s.without = words
	return s
}

// In returns settings as a section of the help.
func In(section string, list ...Setting) []Setting {
	for i := range list {
		list[i].Section = section
	}
	return list
}

// Variable is the setting's environment variable: CARDEA_SESSION_IDLE.
func (s Setting) Variable() string {
	return "CARDEA_" + strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_"))
}

// Help returns the name of the value, such as time, what the setting means, and its
// default in words.
func (s Setting) Help() (value, meaning, standard string) {
	value, meaning = flag.UnquoteUsage(&flag.Flag{Usage: s.usage})
	if s.Default != "" {
		return value, meaning, s.Default
	}
	return value, meaning, s.without
}

// Set parses a value and stores it. Empty text means no value, which a setting with a
// default does not allow. Error: [*Error].
func (s Setting) Set(text string) error { return s.set(text) }

// Check reports a stored value that is not allowed. Error: [*Error].
func (s Setting) Check() error { return s.check() }

// FillIn stores the default if nothing else is stored.
func (s Setting) FillIn() { s.fill() }

// Error is a setting with a value that is not allowed.
type Error struct {
	Setting string // name, or the flag or variable that set it
	Value   string // without what may be secret in an address
	Allowed string // what is allowed, or what to do
}

// Error says it in one line.
func (e *Error) Error() string {
	return fmt.Sprintf("%s: %q is not allowed: %s", e.Setting, e.Value, e.Allowed)
}

// NewError returns the error of a setting. It masks what may be secret in an address.
func NewError(setting, value, allowed string) *Error {
	return &Error{setting, masked(value), allowed}
}

func wrap(setting, value string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return NewError(setting, e.Value, e.Allowed)
	}
	return NewError(setting, value, err.Error())
}

// masked hides user, password and query of an address, and the values in an address of libpq's
// form, such as host=db password=….
func masked(value string) string {
	scheme, rest, isURL := strings.Cut(value, "://")
	if !isURL {
		if before, _, ok := strings.Cut(value, "password="); ok {
			return before + "password=…"
		}
		return value
	}
	rest, query, hasQuery := strings.Cut(rest, "?")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = "…" + rest[at:]
	}
	if hasQuery {
		rest += "?"
	}
	if query != "" {
		rest += "…"
	}
	return scheme + "://" + rest
}
