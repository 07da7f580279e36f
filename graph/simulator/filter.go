package simulator

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// A filter says whether a user matches. It reads what Graph documents of
// $filter over assignedPlans and assignedLicenses: and, or, not, parentheses,
// any, eq.
type filter struct {
	words []string
	plain bool
}

var filterWord = regexp.MustCompile(`^\s*('(?:[^']|'')*'|[()]|[A-Za-z0-9_./:\-]+)`)

func parseFilter(s string, plain bool) (func(User) bool, error) {
	f := &filter{plain: plain}
	for strings.TrimSpace(s) != "" {
		m := filterWord.FindStringSubmatch(s)
		if m == nil || len(f.words) > 500 {
			return nil, errors.New("it cannot be read")
		}
		f.words = append(f.words, m[1])
		s = s[len(m[0]):]
	}
	match, err := f.either()
	if err != nil {
		return nil, err
	}
	if len(f.words) > 0 {
		return nil, fmt.Errorf("%s was not expected", short(f.words[0]))
	}
	return match, nil
}

func (f *filter) next() string {
	if len(f.words) == 0 {
		return ""
	}
	w := f.words[0]
	f.words = f.words[1:]
	return w
}

func (f *filter) take(w string) bool {
	if len(f.words) > 0 && f.words[0] == w {
		f.words = f.words[1:]
		return true
	}
	return false
}

func (f *filter) either() (func(User) bool, error) {
	left, err := f.both()
	for err == nil && f.take("or") {
		a := left
		var b func(User) bool
		b, err = f.both()
		left = func(u User) bool { return a(u) || b(u) }
	}
	return left, err
}

func (f *filter) both() (func(User) bool, error) {
	left, err := f.one()
	for err == nil && f.take("and") {
		a := left
		var b func(User) bool
		b, err = f.one()
		left = func(u User) bool { return a(u) && b(u) }
	}
	return left, err
}

func (f *filter) one() (func(User) bool, error) {
	if f.take("not") {
		m, err := f.one()
		return func(u User) bool { return !m(u) }, err
	}
	if f.take("(") {
		m, err := f.either()
		if err == nil && !f.take(")") {
			err = errors.New("a parenthesis is open")
		}
		return m, err
	}
	switch w := f.next(); w {
	case "assignedPlans/any":
		return f.lambda([]string{"servicePlanId", "capabilityStatus", "service"}, func(u User) []map[string]string {
			var all []map[string]string
			for _, p := range u.Plans {
				all = append(all, map[string]string{"servicePlanId": p.ID, "capabilityStatus": p.Status, "service": p.Service})
			}
			return all
		})
	case "assignedLicenses/any":
		return f.lambda([]string{"skuId"}, func(u User) []map[string]string {
			var all []map[string]string
			for _, k := range u.SKUs {
				all = append(all, map[string]string{"skuId": k})
			}
			return all
		})
	default:
		return nil, fmt.Errorf("%s is not a property that can be filtered by", short(w))
	}
}

// lambda reads (p:p/name eq value and …).
func (f *filter) lambda(names []string, of func(User) []map[string]string) (func(User) bool, error) {
	if !f.take("(") {
		return nil, errors.New("any has a parenthesis")
	}
	want := map[string]string{}
	head := f.next()
	variable, first, found := strings.Cut(head, ":")
	if !found || variable == "" {
		return nil, errors.New("a lambda names its variable")
	}
	for term := first; ; term = f.next() {
		if term == "" {
			term = f.next()
		}
		name, is := strings.CutPrefix(term, variable+"/")
		if !is || !contains(names, name) || !f.take("eq") {
			return nil, fmt.Errorf("%s is not a condition of this lambda", short(term))
		}
		value := f.next()
		guid := strings.HasSuffix(name, "Id")
		if quoted := strings.HasPrefix(value, "'"); quoted == guid || value == "" {
			return nil, fmt.Errorf("%s is not a value of %s", short(value), name)
		}
		want[name] = strings.Trim(value, "'")
		if f.take(")") {
			break
		}
		if !f.take("and") {
			return nil, errors.New("a lambda's conditions are joined by and")
		}
	}
	if f.plain && len(want) > 1 {
		return nil, errors.New("a lambda has one condition")
	}
	return func(u User) bool { return anyHas(of(u), want) }, nil
}

func contains(all []string, one string) bool {
	for _, v := range all {
		if v == one {
			return true
		}
	}
	return false
}

func anyHas(all []map[string]string, want map[string]string) bool {
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
