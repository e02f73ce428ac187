package logline

import (
	"fmt"
	"log/slog"
	"strconv"
	"time"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// plain reports whether a byte stands for itself in a line.
func plain(c byte) bool { return ' ' <= c && c < 0x7f }

// appendText appends s so that it stays within its line: CR, LF and other bytes and runes that do not print become
// escapes. Backslashes and quotes are left alone, so that paths and subjects can be read.
func appendText(b []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); {
		if plain(s[i]) {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if (r != utf8.RuneError || n > 1) && strconv.IsPrint(r) {
			i += n
			continue
		}
		b = append(b, s[start:i]...)
		b = appendEscape(b, s[i], r, n)
		i += n
		start = i
	}
	return append(b, s[start:]...)
}

// appendEscape appends the escape of a rune of n bytes that does not print, c being the first of them.
func appendEscape(b []byte, c byte, r rune, n int) []byte {
	switch {
	case r == '\n':
		return append(b, `\n`...)
	case r == '\r':
		return append(b, `\r`...)
	case r == '\t':
		return append(b, `\t`...)
	case n == 1: // ASCII control, or a byte that is not UTF-8
		return append(b, '\\', 'x', hexDigits[c>>4], hexDigits[c&0xf])
	case r > 0xffff:
		b = append(b, `\U000`...)
		for shift := 16; shift >= 0; shift -= 4 {
			b = append(b, hexDigits[r>>shift&0xf])
		}
		return b
	}
	b = append(b, `\u`...)
	for shift := 12; shift >= 0; shift -= 4 {
		b = append(b, hexDigits[r>>shift&0xf])
	}
	return b
}

// appendWord appends s as it is when it is one plain word, and quoted when it is not.
func appendWord(b []byte, s string) []byte {
	if s == "" {
		return append(b, `""`...)
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; !plain(c) || c == ' ' || c == '"' || c == '=' {
			return strconv.AppendQuote(b, s)
		}
	}
	return append(b, s...)
}

// appendValue appends a resolved value that is not a group. Text goes through appendString, which escapes it.
func appendValue(b []byte, v slog.Value, appendString func([]byte, string) []byte) []byte {
	switch v.Kind() {
	case slog.KindString:
		return appendString(b, v.String())
	case slog.KindInt64:
		return strconv.AppendInt(b, v.Int64(), 10)
	case slog.KindUint64:
		return strconv.AppendUint(b, v.Uint64(), 10)
	case slog.KindFloat64:
		return strconv.AppendFloat(b, v.Float64(), 'g', -1, 64)
	case slog.KindBool:
		return strconv.AppendBool(b, v.Bool())
	case slog.KindDuration:
		return append(b, v.Duration().String()...)
	case slog.KindTime:
		return v.Time().AppendFormat(b, time.RFC3339Nano)
	}
	if err, ok := v.Any().(error); ok {
		return appendString(b, errorText(err))
	}
	// Value.String goes through package fmt, which survives a String method that panics.
	return appendString(b, v.String())
}

// errorText is the text of an error, or the account of package fmt of one whose Error method panics.
func errorText(err error) (s string) {
	defer func() {
		if recover() != nil {
			s = fmt.Sprint(err)
		}
	}()
	return err.Error()
}
