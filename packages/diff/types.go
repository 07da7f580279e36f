package diff

import (
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A widening says how a type takes all that another one takes.
type widening int

const (
	notWider       widening = iota // it does not, or nobody can tell
	sameType                       // it is the same
	takesAnyNumber                 // numeric where it was integer
	namesTypeAnew                  // a member is true that was false
)

// widenType says how the type wide takes all that narrow takes. Both are JSON objects
// whose members name types, such as {"integer": true}.
func widenType(wide, narrow string) widening {
	var w, n map[string]jsontext.Value
	if json.Unmarshal([]byte(wide), &w) != nil || json.Unmarshal([]byte(narrow), &n) != nil {
		return notWider
	}
	const whole, number = "integer", "numeric"
	_, isWhole := w[whole]
	_, wasNumber := n[number]
	if !isWhole && !wasNumber && string(n[whole]) == "true" && string(w[number]) == "true" {
		delete(n, whole)
		delete(w, number)
		if len(w) == 0 && len(n) == 0 {
			return takesAnyNumber
		}
		return notWider
	}
	return widenMembers(w, n)
}

// widenMembers compares the members of a type, and of the objects in it.
func widenMembers(w, n map[string]jsontext.Value) widening {
	if !slices.Equal(slices.Sorted(maps.Keys(w)), slices.Sorted(maps.Keys(n))) {
		return notWider
	}
	found := sameType
	for name, before := range n {
		how := widenMember(w[name], before)
		if how == notWider {
			return notWider
		}
		found = max(found, how)
	}
	return found
}

func widenMember(after, before jsontext.Value) widening {
	switch {
	case string(after) == string(before):
		return sameType
	case string(before) == "false" && string(after) == "true":
		return namesTypeAnew
	case after.Kind() == '{' && before.Kind() == '{':
		var w, n map[string]jsontext.Value
		if json.Unmarshal(after, &w) == nil && json.Unmarshal(before, &n) == nil {
			return widenMembers(w, n)
		}
	}
	return notWider
}

// typesCover says whether a role that requires the types in wide takes all that
// one requiring narrow takes. Both are JSON; a role takes data of any of its
// types, and requires none if the list is absent or empty. What cannot be read
// covers nothing.
func typesCover(wide, narrow string) bool {
	w, ok := parseTypeList(wide)
	if !ok {
		return false
	}
	n, ok := parseTypeList(narrow)
	if !ok {
		return false
	}
	if len(w) == 0 {
		return true
	}
	return len(n) > 0 && !slices.ContainsFunc(n, func(t string) bool {
		return !slices.ContainsFunc(w, func(u string) bool { return u == t || widenType(u, t) != notWider })
	})
}

func parseTypeList(text string) ([]string, bool) {
	if text == "" || text == "null" {
		return nil, true
	}
	var values []jsontext.Value
	if err := json.Unmarshal([]byte(text), &values); err != nil {
		return nil, false
	}
	found := make([]string, len(values))
	for i, v := range values {
		found[i] = string(v)
	}
	return found, true
}

// choicesCover says whether both types are enumerations, and each value of
// narrow is one of wide's: a report keeps what was chosen.
func choicesCover(wide, narrow string) bool {
	w, ok := enumerationValues(wide)
	if !ok {
		return false
	}
	n, ok := enumerationValues(narrow)
	return ok && !slices.ContainsFunc(n, func(v string) bool { return !slices.Contains(w, v) })
}

// enumerationValues lists the values of a type that is nothing but an enumeration.
func enumerationValues(text string) ([]string, bool) {
	var only map[string]jsontext.Value
	if err := json.Unmarshal([]byte(text), &only); err != nil || len(only) != 1 {
		return nil, false
	}
	var members []struct {
		Value string `json:"value"`
	}
	if err := json.Unmarshal(only["enumeration"], &members); err != nil {
		return nil, false
	}
	found := make([]string, len(members))
	for i, m := range members {
		found[i] = m.Value
	}
	return found, true
}
