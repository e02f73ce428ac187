package logline

import "log/slog"

// Levels beside those of [log/slog].
const (
	// LevelTrace is for the raw protocol, one line for each operation.
	LevelTrace = slog.Level(-8)
	// LevelFatal is for the last line of a server that can not go on. Logging it does not end the process.
	LevelFatal = slog.Level(12)
)

// labels are the three letters of each severity, and the colour of each on a terminal.
var labels = [...]struct{ name, colour string }{
	{"TRC", "33"},
	{"DBG", "36"},
	{"INF", "32"},
	{"WRN", "0;93"},
	{"ERR", "31"},
	{"FTL", "31"},
}

// severity is the index of a level in labels; a level between two named ones counts as the lower.
func severity(level slog.Level) int {
	switch {
	case level < slog.LevelDebug:
		return 0
	case level < slog.LevelInfo:
		return 1
	case level < slog.LevelWarn:
		return 2
	case level < slog.LevelError:
		return 3
	case level < LevelFatal:
		return 4
	}
	return 5
}

// appendLabel appends "[INF] ", with colour when the line goes to a terminal.
func appendLabel(b []byte, level slog.Level, colour bool) []byte {
	l := labels[severity(level)]
	if !colour {
		b = append(b, '[')
		b = append(b, l.name...)
		return append(b, "] "...)
	}
	b = append(b, "[\x1b["...)
	b = append(b, l.colour...)
	b = append(b, 'm')
	b = append(b, l.name...)
	return append(b, "\x1b[0m] "...)
}
