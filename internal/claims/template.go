package claims

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/nats-io/jwt/v2"

	"weir/internal/subject"
)

// maxExpanded is how many subjects one list of a template may become: with several tags in one subject every value of one
// meets every value of the others.
const maxExpanded = 4096

// Errors of templates.
var (
	errTemplate = errors.New("template is not understood")
	errExpanded = errors.New("template makes too many subjects")
	errNoTag    = errors.New("template needs a tag that is not there")
	errSubject  = errors.New("template makes an invalid subject")
)

// blank finds what a template leaves open.
var blank = regexp.MustCompile(`{{([^}]+)}}`)

// holder is whom a template is filled in for.
type holder struct {
	name, subject, accountName, account string
	tags, accountTags                   []string
}

// fill is p, the permissions of a scoped signing key, for one user. What can not be filled in allows nothing, and denies
// nobody: then there is an error.
func (h *holder) fill(p jwt.Permissions) (jwt.Permissions, error) {
	for _, rule := range []*jwt.Permission{&p.Pub, &p.Sub} {
		allow, err := h.fillAll(rule.Allow, false)
		if err != nil {
			return p, err
		}
		deny, err := h.fillAll(rule.Deny, true)
		if err != nil {
			return p, err
		}
		if len(allow) == 0 && len(rule.Allow) > 0 { // no list would allow everything
			deny = append(slices.Clip(deny), ">")
		}
		rule.Allow, rule.Deny = allow, deny
	}
	return p, nil
}

// hasBlanks reports whether p depends on who the user is.
func hasBlanks(p *jwt.Permissions) bool {
	return slices.ContainsFunc(slices.Concat(p.Pub.Allow, p.Pub.Deny, p.Sub.Allow, p.Sub.Deny), blank.MatchString)
}

// fillAll fills in one list. A subject that can not be made is left out, or, in a strict list, an error.
func (h *holder) fillAll(list []string, strict bool) ([]string, error) {
	var out []string
	for _, entry := range list {
		blanks := blank.FindAllStringSubmatchIndex(entry, -1)
		if len(blanks) == 0 {
			out = append(out, entry)
			continue
		}
		values := make([][]string, len(blanks))
		n := 1
		for i, at := range blanks {
			var err error
			if values[i], err = h.values(entry[at[2]:at[3]]); err != nil {
				return nil, fmt.Errorf("%w: %q", err, entry)
			}
			if n *= len(values[i]); n > maxExpanded {
				return nil, errExpanded
			}
		}
		if n == 0 && strict {
			return nil, fmt.Errorf("%w: %q", errNoTag, entry)
		}
		if len(out)+n > maxExpanded {
			return nil, errExpanded
		}
		for i := range n {
			s := filled(entry, blanks, values, i)
			switch {
			case subject.Valid(s):
				out = append(out, s)
			case strict:
				return nil, fmt.Errorf("%w: %q", errSubject, entry)
			}
		}
	}
	return out, nil
}

// filled is the i-th combination of values.
func filled(entry string, blanks [][]int, values [][]string, i int) string {
	chosen := make([]string, len(values))
	for j, all := range slices.Backward(values) { // the last one changes first
		chosen[j] = all[i%len(all)]
		i /= len(all)
	}
	var b strings.Builder
	end := 0
	for j, at := range blanks {
		b.WriteString(entry[end:at[0]])
		b.WriteString(chosen[j])
		end = at[1]
	}
	b.WriteString(entry[end:])
	return b.String()
}

// values is what may stand for a blank; several for a tag.
func (h *holder) values(what string) ([]string, error) {
	what = strings.TrimSpace(what)
	switch name, argument, _ := strings.Cut(what, "("); {
	case strings.EqualFold(what, "name()"):
		return []string{h.name}, nil
	case strings.EqualFold(what, "subject()"):
		return []string{h.subject}, nil
	case strings.EqualFold(what, "account-name()"):
		return []string{h.accountName}, nil
	case strings.EqualFold(what, "account-subject()"):
		return []string{h.account}, nil
	case !strings.HasSuffix(argument, ")"):
	case strings.EqualFold(name, "tag"):
		return tagged(h.tags, argument), nil
	case strings.EqualFold(name, "account-tag"):
		return tagged(h.accountTags, argument), nil
	}
	return nil, errTemplate
}

// tagged are the values of the tags `name:value`.
func tagged(tags []string, argument string) (values []string) {
	prefix := strings.ToLower(strings.TrimSuffix(argument, ")")) + ":"
	for _, tag := range tags {
		if value, ok := strings.CutPrefix(tag, prefix); ok {
			values = append(values, value)
		}
	}
	return values
}
