package conf

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Redacted stands for what must not be shown.
const Redacted = "[redacted]"

var (
	// quoted finds the pieces of the file that the parser's errors show.
	quoted = regexp.MustCompile(`'([^']+)'`)
	// secretKey finds the keys whose values are secrets, at the end of the text before a value.
	secretKey = regexp.MustCompile(`(?i)(pass|password|token|secret|seed|key|ek|jwt|nkey)\w*["']?\s*[:=]?\s*["']?\$?$`)
	// includeError finds the included file that an error is about.
	includeError = regexp.MustCompile(`^error parsing include file '([^']*)', `)
)

const (
	// environmentError comes before an error in the value of an environment variable, which may be a secret.
	environmentError = " could not be parsed: "
	// maxKey is how far before a value its key is looked for.
	maxKey = 128
)

// Public is s without the user and password of a URL, for error texts.
func Public(s string) string {
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		return Redacted + s[i:]
	}
	return s
}

// PublicURL is an error of package url without the URL's user and password.
func PublicURL(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return &url.Error{Op: e.Op, URL: Public(e.URL), Err: errors.New(Public(e.Err.Error()))}
	}
	return err
}

// redactSyntax takes secrets out of an error of the parser, which quotes numbers and variable names of text. Errors of an
// included file are looked up in that file, whose path is relative to dir.
func redactSyntax(message, text, dir string) string {
	if m := includeError.FindStringSubmatch(message); m != nil {
		path := filepath.Join(dir, m[1])
		inner, _ := os.ReadFile(path) // unreadable: nothing of it was parsed, and nothing is quoted
		return m[0] + redactSyntax(message[len(m[0]):], string(inner), filepath.Dir(path))
	}
	message, environment, found := strings.Cut(message, environmentError)
	message = quoted.ReplaceAllStringFunc(message, func(piece string) string {
		if isSecret(strings.Trim(piece, "'"), text) {
			return "'" + Redacted + "'"
		}
		return piece
	})
	if found {
		message += environmentError + quoted.ReplaceAllString(environment, "'"+Redacted+"'")
	}
	return message
}

// isSecret reports whether piece is the value of a secret key anywhere in text.
func isSecret(piece, text string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], piece)
		if i < 0 {
			return false
		}
		start := from + i
		before := text[max(0, start-maxKey):start]
		if secretKey.MatchString(before[strings.LastIndexByte(before, '\n')+1:]) {
			return true
		}
		from = start + 1
	}
}
