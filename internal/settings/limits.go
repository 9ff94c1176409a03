package settings

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limit allows a number of attempts within a time.
type Limit struct {
	Count  int
	Window time.Duration
}

// Limits are limits by name.
type Limits map[string]Limit

// The names of limits.
const (
	LimitAccount  = "account"  // wrong passwords for one account
	LimitAddress  = "address"  // wrong passwords from one address
	LimitRegister = "register" // registrations from one address
)

// DefaultLimits as they are typed. OWASP ASVS 5.0 (6.3.1) asks for limits that stop guessing.
const DefaultLimits = "account=10/10m,address=100/10m,register=100/1h"

// Bounds of a limit, wide enough for every use.
const (
	mostAttempts  = 1_000_000
	longestWindow = Day
)

// ParseLimits reads limits such as account=20/10m,register=10/1d. Those that are not
// named keep their defaults. The error is an [*Error] that names the limit at fault.
func ParseLimits(text string) (Limits, error) {
	limits := Limits{}
	if err := limits.parse(DefaultLimits); err != nil {
		return nil, err
	}
	known := maps.Clone(limits)
	if err := limits.parse(text); err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(known))
	for name, limit := range limits {
		if _, ok := known[name]; !ok {
			return nil, &Error{Value: name + "=" + limit.String(), Allowed: "the limits are " + strings.Join(names, ", ")}
		}
	}
	return limits, nil
}

func (l Limits) parse(text string) error {
	if text == "" {
		return nil
	}
	for item := range strings.SplitSeq(text, ",") {
		item = strings.TrimSpace(item)
		name, value, _ := strings.Cut(item, "=")
		limit, err := parseLimit(value)
		if err != nil {
			return &Error{Value: item, Allowed: "attempts and a time of at most 1d, such as account=10/10m; several are separated by commas"}
		}
		l[name] = limit
	}
	return nil
}

func parseLimit(text string) (Limit, error) {
	count, window, _ := strings.Cut(text, "/")
	n, err := strconv.Atoi(count)
	if err != nil {
		return Limit{}, err
	}
	d, err := parseDuration(window)
	if err != nil {
		return Limit{}, err
	}
	if n < 1 || n > mostAttempts || d < time.Second || d > longestWindow {
		return Limit{}, errors.New("out of bounds")
	}
	return Limit{n, d}, nil
}

// String is the limit as typed: 10/10m.
func (l Limit) String() string { return strconv.Itoa(l.Count) + "/" + printDuration(l.Window) }
