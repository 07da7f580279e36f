package simulator

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// A filterParser parses the part of $filter that Graph documents for
// assignedPlans and assignedLicenses: and, or, not, parentheses, any, eq. The
// result reports whether a user matches.
type filterParser struct {
	words   []string
	isPlain bool
}

var filterWord = regexp.MustCompile(`^\s*('(?:[^']|'')*'|[()]|[A-Za-z0-9_./:\-]+)`)

func parseFilter(s string, plain bool) (func(User) bool, error) {
	f := &filterParser{isPlain: plain}
	for strings.TrimSpace(s) != "" {
		m := filterWord.FindStringSubmatch(s)
		if m == nil || len(f.words) > 500 {
			return nil, errors.New("it cannot be read")
		}
		f.words = append(f.words, m[1])
		s = s[len(m[0]):]
	}
	match, err := f.parseOr()
	if err != nil {
		return nil, err
	}
	if len(f.words) > 0 {
		return nil, fmt.Errorf("%s was not expected", quoteShort(f.words[0]))
	}
	return match, nil
}

func (f *filterParser) nextWord() string {
	if len(f.words) == 0 {
		return ""
	}
	w := f.words[0]
	f.words = f.words[1:]
	return w
}

func (f *filterParser) takeWord(w string) bool {
	if len(f.words) > 0 && f.words[0] == w {
		f.words = f.words[1:]
		return true
	}
	return false
}

func (f *filterParser) parseOr() (func(User) bool, error) {
	left, err := f.parseAnd()
	for err == nil && f.takeWord("or") {
		a := left
		var b func(User) bool
		b, err = f.parseAnd()
		left = func(u User) bool { return a(u) || b(u) }
	}
	return left, err
}

func (f *filterParser) parseAnd() (func(User) bool, error) {
	left, err := f.parseTerm()
	for err == nil && f.takeWord("and") {
		a := left
		var b func(User) bool
		b, err = f.parseTerm()
		left = func(u User) bool { return a(u) && b(u) }
	}
	return left, err
}

func (f *filterParser) parseTerm() (func(User) bool, error) {
	if f.takeWord("not") {
		m, err := f.parseTerm()
		return func(u User) bool { return !m(u) }, err
	}
	if f.takeWord("(") {
		m, err := f.parseOr()
		if err == nil && !f.takeWord(")") {
			err = errors.New("a parenthesis is open")
		}
		return m, err
	}
	switch w := f.nextWord(); w {
	case "assignedPlans/any":
		return f.parseLambda([]string{"servicePlanId", "capabilityStatus", "service"}, func(u User) []map[string]string {
			var all []map[string]string
			for _, p := range u.Plans {
				all = append(all, map[string]string{"servicePlanId": p.ID, "capabilityStatus": p.Status, "service": p.Service})
			}
			return all
		})
	case "assignedLicenses/any":
		return f.parseLambda([]string{"skuId"}, func(u User) []map[string]string {
			var all []map[string]string
			for _, k := range u.SKUs {
				all = append(all, map[string]string{"skuId": k})
			}
			return all
		})
	default:
		return nil, fmt.Errorf("%s is not a property that can be filtered by", quoteShort(w))
	}
}

// parseLambda parses (p:p/name eq value and …).
func (f *filterParser) parseLambda(names []string, of func(User) []map[string]string) (func(User) bool, error) {
	if !f.takeWord("(") {
		return nil, errors.New("any has a parenthesis")
	}
	want := map[string]string{}
	head := f.nextWord()
	variable, first, found := strings.Cut(head, ":")
	if !found || variable == "" {
		return nil, errors.New("a lambda names its variable")
	}
	for term := first; ; term = f.nextWord() {
		if term == "" {
			term = f.nextWord()
		}
		name, is := strings.CutPrefix(term, variable+"/")
		if !is || !hasString(names, name) || !f.takeWord("eq") {
			return nil, fmt.Errorf("%s is not a condition of this lambda", quoteShort(term))
		}
		value := f.nextWord()
		guid := strings.HasSuffix(name, "Id")
		if quoted := strings.HasPrefix(value, "'"); quoted == guid || value == "" {
			return nil, fmt.Errorf("%s is not a value of %s", quoteShort(value), name)
		}
		want[name] = strings.Trim(value, "'")
		if f.takeWord(")") {
			break
		}
		if !f.takeWord("and") {
			return nil, errors.New("a lambda's conditions are joined by and")
		}
	}
	if f.isPlain && len(want) > 1 {
		return nil, errors.New("a lambda has one condition")
	}
	return func(u User) bool { return matchesAny(of(u), want) }, nil
}

func hasString(all []string, one string) bool {
	for _, v := range all {
		if v == one {
			return true
		}
	}
	return false
}

func matchesAny(all []map[string]string, want map[string]string) bool {
	for _, one := range all {
		good := true
		for k, v := range want {
			good = good && strings.EqualFold(one[k], v)
		}
		if good {
			return true
		}
	}
	return false
}
