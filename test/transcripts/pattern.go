package transcripts

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

var (
	wildcard = regexp.MustCompile(`\{(any|int|json|[a-z]\w*=)([^}]*)\}`)
	named    = regexp.MustCompile(`\{=([a-z]\w*)\}`)
	closing  = regexp.MustCompile(`^\{close(?: (\d+)(?: (.*))?)?\}$`)
)

// ending is what a {close …} line expects.
type ending struct {
	any  bool
	code int
	text string
}

// parseEnding returns nil if the text is not a {close …} line.
func parseEnding(text string) *ending {
	m := closing.FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	if m[1] == "" {
		return &ending{any: true}
	}
	code, _ := strconv.Atoi(m[1]) // digits by the pattern
	return &ending{code: code, text: m[2]}
}

// names are the words that {name=} has caught.
type names map[string]string

// fill puts the words that were caught where {=name} asks for them.
func (n names) fill(text string) string {
	return named.ReplaceAllStringFunc(text, func(token string) string {
		if word, ok := n[named.FindStringSubmatch(token)[1]]; ok {
			return word
		}
		return token
	})
}

// match says why a line is not what an S line expects; what it catches goes into n.
func (n names) match(text, line string) error {
	text = n.fill(text)
	if !wildcard.MatchString(text) { // the usual case, and a body may be a megabyte
		if unescape(text) == line {
			return nil
		}
		return fmt.Errorf("got  %s\nwant %s", short(line), short(text))
	}
	var (
		expr  strings.Builder
		specs []string // of the groups of the expression
		from  int
	)
	expr.WriteString(`(?s)^`)
	for _, at := range wildcard.FindAllStringSubmatchIndex(text, -1) {
		expr.WriteString(regexp.QuoteMeta(runes(unescape(text[from:at[0]]))))
		switch kind := text[at[2]:at[3]]; kind {
		case "any":
			expr.WriteString(`.*`)
		case "int":
			expr.WriteString(`\d+`)
		case "json":
			expr.WriteString(`(\{.*\}) *`)
			specs = append(specs, text[at[4]:at[5]])
		default:
			expr.WriteString(`(\S+)`)
			specs = append(specs, kind)
		}
		from = at[1]
	}
	expr.WriteString(regexp.QuoteMeta(runes(unescape(text[from:]))) + `$`)
	m := regexp.MustCompile(expr.String()).FindStringSubmatch(runes(line))
	if m == nil {
		return fmt.Errorf("got  %s\nwant %s", short(line), short(text))
	}
	for i, spec := range specs {
		if name, word := strings.CutSuffix(spec, "="); word {
			n[name] = m[i+1]
		} else if err := matchJSON(spec, m[i+1]); err != nil {
			return fmt.Errorf("%w in %s", err, line)
		}
	}
	return nil
}

// runes makes a character of every byte: the wire has bytes, regular expressions want UTF-8.
func runes(s string) string {
	b := make([]rune, len(s))
	for i := range len(s) {
		b[i] = rune(s[i])
	}
	return string(b)
}

// matchJSON checks one object against a list of key=value, key:type and !key.
func matchJSON(spec, text string) error {
	object := map[string]any{}
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		return err
	}
	for term := range strings.FieldsSeq(spec) {
		if key, absent := strings.CutPrefix(term, "!"); absent {
			if value, ok := object[key]; ok {
				return fmt.Errorf("%s is %v, want none", key, value)
			}
			continue
		}
		at := strings.IndexAny(term, "=:")
		if at < 0 {
			return fmt.Errorf("term %q is not key=value, key:type or !key", term)
		}
		key, want := term[:at], term[at+1:]
		value, ok := object[key]
		if !ok {
			return fmt.Errorf("no %s", key)
		}
		if err := matchValue(term[at] == '=', want, value); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

func matchValue(exact bool, want string, value any) error {
	if !exact {
		kind := map[reflect.Kind]string{
			reflect.String: "string", reflect.Float64: "number", reflect.Bool: "bool",
			reflect.Slice: "array", reflect.Map: "object",
		}[reflect.TypeOf(value).Kind()]
		if kind != want {
			return fmt.Errorf("%v is not of type %s", value, want)
		}
		return nil
	}
	var wanted any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		return fmt.Errorf("value %s in the script: %w", want, err)
	}
	if !reflect.DeepEqual(wanted, value) {
		return fmt.Errorf("%v, want %v", value, wanted)
	}
	return nil
}

// short keeps what is printed about long lines readable.
func short(line string) string {
	if len(line) > 300 {
		return fmt.Sprintf("%q… (%d bytes)", line[:300], len(line))
	}
	return strconv.Quote(line)
}
