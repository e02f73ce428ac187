package subject

// Text is what a subject may be kept in.
type Text interface{ ~string | ~[]byte }

// Valid reports whether s may be subscribed to: no token is empty, `>` is the last token if it is one, and there is no
// space, tab, CR, LF or form feed in it.
func Valid[S Text](s S) bool {
	start, full := 0, false
	for i := range len(s) {
		switch s[i] {
		case '.':
			if i == start || full {
				return false
			}
			start = i + 1
		case ' ', '\t', '\n', '\f', '\r':
			return false
		case '>':
			full = i == start && (i+1 == len(s) || s[i+1] == '.')
		}
	}
	return start < len(s)
}

// ValidLiteral reports whether s may be published to by a client that asked for pedantic checks: valid, and no wildcard.
func ValidLiteral[S Text](s S) bool { return Valid(s) && !HasWildcard(s) }

// HasWildcard reports whether a token of s is `*` or `>`.
func HasWildcard[S Text](s S) bool {
	for i := range len(s) {
		if (s[i] == '*' || s[i] == '>') && (i == 0 || s[i-1] == '.') && (i+1 == len(s) || s[i+1] == '.') {
			return true
		}
	}
	return false
}

// Tokens counts the tokens of s, the empty ones too.
func Tokens[S Text](s S) int {
	n := 1
	for i := range len(s) {
		if s[i] == '.' {
			n++
		}
	}
	return n
}

// Match reports whether a message to the literal subject reaches a subscription to pattern. A subject with an empty token
// reaches nobody.
func Match[P, L Text](pattern P, literal L) bool {
	if !tokensFull(literal) {
		return false
	}
	for {
		p, pRest, pMore := cut(pattern)
		if isToken(p, '>') && !pMore {
			return true
		}
		l, lRest, lMore := cut(literal)
		if !isToken(p, '*') && string(p) != string(l) || pMore != lMore {
			return false
		}
		if !pMore {
			return true
		}
		pattern, literal = pRest, lRest
	}
}

// Subset reports whether every message that reaches a subscription to part also reaches one to whole. Both are valid.
func Subset[P, W Text](part P, whole W) bool {
	for {
		w, wRest, wMore := cut(whole)
		if isToken(w, '>') {
			return true
		}
		p, pRest, pMore := cut(part)
		if isToken(p, '>') || !isToken(w, '*') && string(p) != string(w) || pMore != wMore {
			return false
		}
		if !pMore {
			return true
		}
		part, whole = pRest, wRest
	}
}

// Overlap reports whether there is a subject that reaches both a subscription to a and one to b. Both are valid.
func Overlap[A, B Text](a A, b B) bool {
	for {
		x, aRest, aMore := cut(a)
		y, bRest, bMore := cut(b)
		if isToken(x, '>') || isToken(y, '>') {
			return true
		}
		if !isToken(x, '*') && !isToken(y, '*') && string(x) != string(y) || aMore != bMore {
			return false
		}
		if !aMore {
			return true
		}
		a, b = aRest, bRest
	}
}

// Intersect is the pattern of all subjects that reach both a subscription to a and one to b; ok is false if there are none.
// Both are valid.
func Intersect(a, b string) (both string, ok bool) {
	var out []byte
	for {
		x, aRest, aMore := cut(a)
		y, bRest, bMore := cut(b)
		switch {
		case isToken(x, '>'):
			return string(append(out, b...)), true
		case isToken(y, '>'):
			return string(append(out, a...)), true
		case isToken(x, '*'):
			x = y
		case !isToken(y, '*') && x != y:
			return "", false
		}
		if aMore != bMore {
			return "", false
		}
		out = append(out, x...)
		if !aMore {
			return string(out), true
		}
		out = append(out, '.')
		a, b = aRest, bRest
	}
}

// cut takes the first token off s. More is false when it was the last.
func cut[S Text](s S) (token, rest S, more bool) {
	for i := range len(s) {
		if s[i] == '.' {
			return s[:i], s[i+1:], true
		}
	}
	return s, s[len(s):], false
}

func isToken[S Text](token S, c byte) bool { return len(token) == 1 && token[0] == c }

// tokensFull reports whether no token of s is empty.
func tokensFull[S Text](s S) bool {
	start := 0
	for i := range len(s) {
		if s[i] == '.' {
			if i == start {
				return false
			}
			start = i + 1
		}
	}
	return start < len(s)
}
