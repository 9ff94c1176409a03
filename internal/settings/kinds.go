package settings

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Text declares a setting whose value is text. The checks say what is allowed.
func Text(name string, field *string, standard, usage string, checks ...func(string) error) Setting {
	return declare(name, field, standard, kind[string]{
		parse: func(text string) (string, error) { return text, nil },
		print: func(v string) string { return v },
		check: func(v string) error {
			for _, check := range checks {
				if err := check(v); err != nil {
					return err
				}
			}
			return nil
		},
	}, usage)
}

// Switch declares a setting that is on or off. Its flag alone means on.
func Switch(name string, field *bool, usage string) Setting {
	words := map[string]bool{"on": true, "true": true, "1": true, "off": false, "false": false, "0": false}
	s := declare(name, field, false, kind[bool]{
		parse: func(text string) (bool, error) {
			v, ok := words[strings.ToLower(text)]
			if !ok {
				return false, errors.New("on or off")
			}
			return v, nil
		},
		print: func(v bool) string {
			if v {
				return "on"
			}
			return "off"
		},
		check: func(bool) error { return nil },
	}, usage)
	s.IsSwitch = true
	return s
}

// Choice declares a setting with a few values. The first is the default.
func Choice(name string, field *string, usage string, values ...string) Setting {
	return declare(name, field, values[0], kind[string]{
		parse: func(text string) (string, error) { return strings.ToLower(text), nil },
		print: func(v string) string { return v },
		check: func(v string) error {
			if !slices.Contains(values, v) {
				return errors.New(orList(values))
			}
			return nil
		},
	}, usage)
}

func orList(values []string) string {
	last := len(values) - 1
	return strings.Join(values[:last], ", ") + " or " + values[last]
}

// Int declares a setting that is a whole number within bounds.
func Int[T int | int64 | uint32](name string, field *T, standard, least, most T, usage string) Setting {
	allowed := fmt.Errorf("a whole number from %d to %d", least, most)
	return declare(name, field, standard, kind[T]{
		parse: func(text string) (T, error) {
			n, err := strconv.ParseInt(text, 10, 64)
			if v := T(n); err == nil && int64(v) == n && v != 0 { // zero would mean the default
				return v, nil
			}
			return 0, allowed
		},
		print: func(v T) string { return fmt.Sprint(v) },
		check: func(v T) error {
			if v < least || v > most {
				return allowed
			}
			return nil
		},
	}, usage)
}

// Day is how durations of days are declared.
const Day = 24 * time.Hour

// longest is the greatest value of durations: a hundred years, wide enough for every use.
const longest = 36500 * Day

// Duration declares a setting that is a duration: in whole days, such as 14d, or as Go
// writes durations, such as 12h or 1m30s.
func Duration(name string, field *time.Duration, standard, least time.Duration, usage string) Setting {
	allowed := fmt.Errorf("a time from %s to %s, in whole days, such as 14d, or in hours, minutes and seconds, such as 12h or 1m30s",
		PrintDuration(least), PrintDuration(longest))
	return declare(name, field, standard, kind[time.Duration]{
		parse: func(text string) (time.Duration, error) {
			v, err := parseDuration(text)
			if err != nil || v == 0 {
				return 0, allowed
			}
			return v, nil
		},
		print: PrintDuration,
		check: func(v time.Duration) error {
			if v < least || v > longest {
				return allowed
			}
			return nil
		},
	}, usage)
}

func parseDuration(text string) (time.Duration, error) {
	number, inDays := strings.CutSuffix(text, "d")
	if !inDays {
		return time.ParseDuration(text)
	}
	days, err := strconv.ParseUint(number, 10, 16)
	return time.Duration(days) * Day, err //nolint:gosec // 16 bits of days fit
}

// Date declares a setting that is a day in UTC, such as 2027-01-31. It has no default.
func Date(name string, field *time.Time, usage string) Setting {
	allowed := errors.New("a date such as 2027-01-31")
	return declare(name, field, time.Time{}, kind[time.Time]{
		parse: func(text string) (time.Time, error) {
			v, err := time.Parse(time.DateOnly, text)
			if err != nil {
				return v, allowed
			}
			return v, nil
		},
		print: func(v time.Time) string {
			if v.IsZero() {
				return ""
			}
			return v.UTC().Format(time.DateOnly)
		},
		check: func(v time.Time) error {
			if year := v.UTC().Year(); year < 1970 || year > 9999 {
				return allowed
			}
			return nil
		},
	}, usage)
}

// PrintDuration writes a duration as it can be typed: whole days as 14d, and without
// minutes and seconds that are zero.
func PrintDuration(d time.Duration) string {
	if d > 0 && d%Day == 0 {
		return strconv.FormatInt(int64(d/Day), 10) + "d"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// split splits a list at its commas. The error is an [*Error] that names a comma too many.
func split(text string) (items []string, err error) {
	for item := range strings.SplitSeq(text, ",") {
		item = strings.TrimSpace(item)
		switch {
		case item == "" && strings.HasSuffix(strings.TrimSpace(text), ","):
			return nil, &Error{Value: text, Allowed: "remove the comma at the end"}
		case item == "":
			return nil, &Error{Value: text, Allowed: "remove one of the commas"}
		}
		items = append(items, item)
	}
	return items, nil
}

// list declares a setting of several values, separated by commas.
func list[T any](name string, field *[]T, parse func(string) (T, error), print func(T) string, check func(T) error, usage string) Setting {
	return declare(name, field, nil, kind[[]T]{
		parse: func(text string) (values []T, err error) {
			items, err := split(text)
			for _, item := range items {
				v, err := parse(item)
				if err != nil {
					return nil, &Error{Value: item, Allowed: err.Error()}
				}
				values = append(values, v)
			}
			return values, err
		},
		print: func(values []T) string {
			texts := make([]string, len(values))
			for i, v := range values {
				texts[i] = print(v)
			}
			return strings.Join(texts, ",")
		},
		check: func(values []T) error {
			for _, v := range values {
				if err := check(v); err != nil {
					return &Error{Value: print(v), Allowed: err.Error()}
				}
			}
			return nil
		},
	}, usage)
}

// Networks declares a setting that is a list of IP networks. A single address is a
// network of one.
func Networks(name string, field *[]netip.Prefix, usage string) Setting {
	allowed := errors.New("networks and addresses such as 10.0.0.0/8, 192.0.2.1 or ::1, separated by commas")
	parse := func(text string) (netip.Prefix, error) {
		v, err := parseNetwork(text)
		if err != nil {
			return v, allowed
		}
		return v, nil
	}
	check := func(v netip.Prefix) error {
		if !v.IsValid() {
			return allowed
		}
		return nil
	}
	return list(name, field, parse, netip.Prefix.String, check, usage)
}

// parseNetwork normalises: 10.1.2.3/8 is 10.0.0.0/8.
func parseNetwork(text string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(text); err == nil {
		ip = ip.Unmap().WithZone("")
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return network, err
	}
	return Unmapped(network).Masked(), nil
}

// Unmapped returns a network of IPv4 addresses that is written as an IPv6 one in its IPv4
// form: ::ffff:10.0.0.0/104 is 10.0.0.0/8. Addresses of clients have that form.
func Unmapped(network netip.Prefix) netip.Prefix {
	if ip, bits := network.Addr(), network.Bits()-96; ip.Is4In6() && bits >= 0 {
		return netip.PrefixFrom(ip.Unmap(), bits)
	}
	return network
}
