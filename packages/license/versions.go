package license

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/orgstore/orgstore/packages/visual"
)

// maxTerms bounds how many conditions a constraint joins.
const maxTerms = 8

// termForm is one condition: an operator and one to four numbers.
var termForm = regexp.MustCompile(`^(=|!=|>=|<=|>|<|~>) ?([0-9.]+)$`)

// A constraint says which versions a statement may speak of: conditions that
// all hold, as in ">= 3.1.0.0, < 4.0.0.0". Missing parts are 0, and ~> 3.1
// means at least 3.1 and below 4.
type constraint []term

type term struct {
	op      string
	version visual.Version
}

// parseConstraint reads "op version (, op version)*".
func parseConstraint(s string) (constraint, error) {
	parts := strings.Split(s, ",")
	if len(parts) > maxTerms {
		return nil, fmt.Errorf("it joins %d conditions; at most %d are allowed", len(parts), maxTerms)
	}
	var c constraint
	for i, p := range parts {
		if i > 0 {
			p = strings.TrimPrefix(p, " ")
		}
		m := termForm.FindStringSubmatch(p)
		if m == nil {
			return nil, fmt.Errorf("%q is not an operator with a version", p)
		}
		v, err := visual.ParseVersion(m[2])
		if err != nil || !v.Deployable() {
			return nil, fmt.Errorf("%q is not a version of one to four numbers", m[2])
		}
		if m[1] != "~>" {
			c = append(c, term{m[1], v})
			continue
		}
		next, ok := v.NextSeries()
		if !ok {
			return nil, fmt.Errorf("~> %s has one number only; it needs two, as in ~> %s.0", v, v)
		}
		c = append(c, term{">=", v}, term{"<", next})
	}
	return c, nil
}

// allows says whether a version meets all conditions.
func (c constraint) allows(v visual.Version) bool {
	for _, t := range c {
		if !t.allows(v.Compare(t.version)) {
			return false
		}
	}
	return true
}

func (t term) allows(compared int) bool {
	switch t.op {
	case "=":
		return compared == 0
	case "!=":
		return compared != 0
	case ">=":
		return compared >= 0
	case "<=":
		return compared <= 0
	case ">":
		return compared > 0
	default: // "<", the only one left by termForm
		return compared < 0
	}
}
