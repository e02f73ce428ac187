package conf

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// longTimeout is the length of a timeout above which its unit was probably lost: unquoted, 1m is a million.
const longTimeout = time.Minute

// parseDuration reads a quoted duration such as "2m".
func (r *Reader) parseDuration(v Value, s string) (time.Duration, bool) {
	d, err := time.ParseDuration(s)
	if err != nil {
		r.Fail(v.At, "error parsing %s: %v", v.Key, err)
	}
	return d, err == nil
}

// seconds reads n seconds.
func (r *Reader) seconds(v Value, n float64) (time.Duration, bool) {
	d := n * float64(time.Second)
	if d >= math.MaxInt64 || d <= math.MinInt64 {
		r.Fail(v.At, "%s value is too big", v.Key)
		return 0, false
	}
	return time.Duration(d), true
}

// Duration reads a quoted duration only.
func Duration[T any](field func(*T) *time.Duration) Set[T] {
	return func(r *Reader, t *T, v Value) {
		s, ok := v.V.(string)
		if !ok {
			r.Wrong(v, `a duration such as "2m"`)
			return
		}
		if d, ok := r.parseDuration(v, s); ok {
			*field(t) = d
		}
	}
}

// durationOrSeconds reads a quoted duration, or whole seconds. Of anything else, wrong is told.
func (r *Reader) durationOrSeconds(v Value, wrong func()) (time.Duration, bool) {
	switch x := v.V.(type) {
	case string:
		return r.parseDuration(v, x)
	case int64:
		return r.seconds(v, float64(x))
	}
	wrong()
	return 0, false
}

// DurationOrSeconds reads a quoted duration, or whole seconds. For a key that once was in seconds only, old asks for the
// warning that the reference gives.
func DurationOrSeconds[T any](old bool, field func(*T) *time.Duration) Set[T] {
	return func(r *Reader, t *T, v Value) {
		d, ok := r.durationOrSeconds(v, func() {
			r.Fail(v.At, "error parsing %s: unsupported type: expected a duration such as \"2m\", got %s", v.Key, Kind(v.V))
		})
		if !ok {
			return
		}
		if _, seconds := v.V.(int64); old && seconds {
			r.Warn(fmt.Sprintf("%v: invalid use of field %q: %s should be converted to a duration", v.At, v.Key, v.Key))
		}
		*field(t) = d
	}
}

// Seconds reads a quoted duration, or seconds with or without a fraction.
func Seconds[T any](field func(*T) *time.Duration) Set[T] {
	return func(r *Reader, t *T, v Value) {
		var (
			d  time.Duration
			ok bool
		)
		if seconds, fraction := v.V.(float64); fraction {
			d, ok = r.seconds(v, seconds)
		} else {
			d, ok = r.durationOrSeconds(v, func() { r.Wrong(v, `seconds or a duration such as "2s"`) })
		}
		if ok {
			*field(t) = d
		}
	}
}

// Timeout is Seconds with a warning for a duration that is probably not meant.
func Timeout[T any](field func(*T) *time.Duration) Set[T] {
	read := Seconds(func(d *time.Duration) *time.Duration { return d })
	return func(r *Reader, t *T, v Value) {
		d, before := time.Duration(0), len(r.Errors)
		if read(r, &d, v); len(r.Errors) > before {
			return
		}
		if d > longTimeout {
			r.Warn(fmt.Sprintf("%v: invalid use of field %q: %v is longer than a minute; a duration with a unit is written in quotes",
				v.At, v.Key, d))
		}
		*field(t) = d
	}
}

// Interval reads a quoted duration, or whole seconds; 0, "off" and "none" are -1, as is a switch that is off.
func Interval[T any](field func(*T) *time.Duration) Set[T] {
	read := DurationOrSeconds(false, func(d *time.Duration) *time.Duration { return d })
	return func(r *Reader, t *T, v Value) {
		if isNone(v.V) {
			*field(t) = -1
			return
		}
		d, before := time.Duration(0), len(r.Errors)
		if read(r, &d, v); len(r.Errors) > before {
			return
		}
		if d <= 0 {
			d = -1
		}
		*field(t) = d
	}
}

// isNone reports whether v is a word for nothing. Unquoted, off is a boolean in this language.
func isNone(v any) bool {
	switch x := v.(type) {
	case bool:
		return !x
	case string:
		return strings.EqualFold(x, "off") || strings.EqualFold(x, "none")
	}
	return false
}
