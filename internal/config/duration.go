package config

import (
	"fmt"
	"math"
	"time"
)

// longTimeout is the length of a timeout above which its unit was probably lost: unquoted, 1m is a million.
const longTimeout = time.Minute

// parseDuration reads a quoted duration such as "2m".
func (r *reader) parseDuration(v value, s string) (time.Duration, bool) {
	d, err := time.ParseDuration(s)
	if err != nil {
		r.fail(v.at, "error parsing %s: %v", v.key, err)
	}
	return d, err == nil
}

// seconds reads n seconds.
func (r *reader) seconds(v value, n float64) (time.Duration, bool) {
	d := n * float64(time.Second)
	if d >= math.MaxInt64 || d <= math.MinInt64 {
		r.fail(v.at, "%s value is too big", v.key)
		return 0, false
	}
	return time.Duration(d), true
}

// duration reads a quoted duration only.
func duration[T any](field func(*T) *time.Duration) set[T] {
	return func(r *reader, t *T, v value) {
		s, ok := v.v.(string)
		if !ok {
			r.wrong(v, `a duration such as "2m"`)
			return
		}
		if d, ok := r.parseDuration(v, s); ok {
			*field(t) = d
		}
	}
}

// durationOrSeconds reads a quoted duration, or whole seconds. For a key that once was in seconds only, old asks for the
// warning that the reference gives.
func durationOrSeconds[T any](old bool, field func(*T) *time.Duration) set[T] {
	return func(r *reader, t *T, v value) {
		var (
			d  time.Duration
			ok bool
		)
		switch x := v.v.(type) {
		case string:
			d, ok = r.parseDuration(v, x)
		case int64:
			d, ok = r.seconds(v, float64(x))
			if old && ok {
				r.warn(fmt.Sprintf("%v: invalid use of field %q: %s should be converted to a duration", v.at, v.key, v.key))
			}
		default:
			r.fail(v.at, "error parsing %s: unsupported type: expected a duration such as \"2m\", got %s", v.key, kind(v.v))
		}
		if ok {
			*field(t) = d
		}
	}
}

// timeout reads a quoted duration, or seconds with or without a fraction.
func timeout[T any](field func(*T) *time.Duration) set[T] {
	return func(r *reader, t *T, v value) {
		var (
			d  time.Duration
			ok bool
		)
		switch x := v.v.(type) {
		case string:
			d, ok = r.parseDuration(v, x)
		case int64:
			d, ok = r.seconds(v, float64(x))
		case float64:
			d, ok = r.seconds(v, x)
		default:
			r.wrong(v, `seconds or a duration such as "2s"`)
		}
		if !ok {
			return
		}
		if d > longTimeout {
			r.warn(fmt.Sprintf("%v: invalid use of field %q: %v is longer than a minute; a duration with a unit is written in quotes",
				v.at, v.key, d))
		}
		*field(t) = d
	}
}
