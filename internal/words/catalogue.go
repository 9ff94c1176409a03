package words

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cardea-accounts/cardea/internal/text"
)

// phrase is a text that was split at its places: fixed text at even positions, names of
// places at odd ones.
type phrase []string

func (p phrase) places() []string {
	var names []string
	for i := 1; i < len(p); i += 2 {
		names = append(names, p[i])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// catalogue has the texts of one language by their keys.
type catalogue map[string]phrase

// with returns a copy in which changes replace the texts of the same keys.
func (c catalogue) with(changes catalogue) catalogue {
	all := maps.Clone(c)
	maps.Copy(all, changes)
	return all
}

// byText returns the keys of the errors without places, by their texts.
func (c catalogue) byText() map[string]string {
	keys := map[string]string{}
	for key, p := range c {
		if len(p) == 1 && strings.HasPrefix(key, "error.") {
			keys[p[0]] = key
		}
	}
	return keys
}

// parse reads the lines of a catalogue. Empty lines and lines that start with # are
// comments. The error joins one line for each fault.
func parse(name, content string, standard catalogue) (catalogue, error) {
	c := catalogue{}
	lines := map[string]int{} // by key
	var faults []error
	number := 0
	for line := range strings.Lines(content) {
		number++
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, p, problem := parseLine(line)
		switch {
		case problem != "":
		case lines[key] != 0:
			problem = fmt.Sprintf("%s is already on line %d; remove one of the two", key, lines[key])
		case standard != nil:
			problem = compare(key, p, standard)
		}
		if problem != "" {
			faults = append(faults, fmt.Errorf("%s:%d: %s", name, number, problem))
			continue
		}
		lines[key] = number
		c[key] = p
	}
	return c, errors.Join(faults...)
}

// parseLine reads a line such as key = text. If it cannot, problem says what to do.
func parseLine(line string) (key string, p phrase, problem string) {
	key, words, isText := strings.Cut(line, "=")
	key, words = strings.TrimSpace(key), strings.TrimSpace(words)
	switch {
	case !utf8.ValidString(line):
		return "", nil, "not UTF-8; save the file as UTF-8"
	case strings.ContainsFunc(line, text.IsControl):
		return "", nil, "a control character; remove it"
	case !isText || key == "":
		return "", nil, "no text; write a line such as mail.reset.subject = Reset your {app} password"
	case words == "":
		return "", nil, key + " is empty; write its text or remove the line to keep the embedded one"
	}
	p, ok := split(words)
	if !ok {
		return "", nil, "a brace without its partner, or with more than letters between; write places such as {app}"
	}
	return key, p, ""
}

// split splits a text at its places. ok is false if a brace stands alone.
func split(words string) (p phrase, ok bool) {
	for {
		before, rest, isPlace := strings.Cut(words, "{")
		if strings.Contains(before, "}") {
			return nil, false
		}
		p = append(p, before)
		if !isPlace {
			return p, true
		}
		place, after, isClosed := strings.Cut(rest, "}")
		if !isClosed || !isName(place) {
			return nil, false
		}
		p, words = append(p, place), after
	}
}

func isName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < 'a' || r > 'z' })
}

// compare says what is wrong with a text next to the standard's.
func compare(key string, p phrase, standard catalogue) string {
	original, ok := standard[key]
	if !ok {
		return fmt.Sprintf("there is no text %s; correct the name or remove the line", key)
	}
	has, wants := p.places(), original.places()
	for _, place := range wants {
		if !slices.Contains(has, place) {
			return fmt.Sprintf("%s lacks the place {%s}; add it", key, place)
		}
	}
	for _, place := range has {
		if !slices.Contains(wants, place) {
			known := "it has none"
			if len(wants) > 0 {
				known = "its places are {" + strings.Join(wants, "}, {") + "}"
			}
			return fmt.Sprintf("%s has the unknown place {%s}; %s", key, place, known)
		}
	}
	return ""
}
