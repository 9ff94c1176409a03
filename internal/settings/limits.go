package settings

import (
	"errors"
	"fmt"
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
	limits, err := parseLimits(DefaultLimits)
	if err != nil || text == "" {
		return limits, err
	}
	changes, err := parseLimits(text)
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(limits))
	for name, limit := range changes {
		if !slices.Contains(names, name) {
			return nil, &Error{Value: name + "=" + limit.String(), Allowed: "the limits are " + strings.Join(names, ", ")}
		}
		limits[name] = limit
	}
	return limits, nil
}

func parseLimits(text string) (Limits, error) {
	items, err := split(text)
	if err != nil {
		return nil, err
	}
	limits := Limits{}
	for _, item := range items {
		name, value, _ := strings.Cut(item, "=")
		limit, err := parseLimit(value)
		if err != nil {
			return nil, &Error{Value: item, Allowed: fmt.Sprintf("1 to %d attempts in a time from 1s to %s, such as account=10/10m; several are separated by commas",
				mostAttempts, PrintDuration(longestWindow))}
		}
		if _, twice := limits[name]; twice {
			return nil, &Error{Value: item, Allowed: "set each limit once: " + name + " is there twice"}
		}
		limits[name] = limit
	}
	return limits, nil
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
func (l Limit) String() string { return strconv.Itoa(l.Count) + "/" + PrintDuration(l.Window) }
