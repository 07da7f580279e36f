package learn

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/jsontree"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/redact"
)

// An offer is a value that an answer gave.
type offer struct {
	text   string
	leaf   *jsontree.Node // of JSON
	ref    ref
	inList bool // it is in an entry of the list: see explainer.fromEntry
}

const maxOffers = 50_000

// offers are the values that an exchange's answer gave.
func (l *learner) offers(k int) []offer {
	if all, is := l.given[k]; is {
		return all
	}
	if l.given == nil {
		l.given = map[int][]offer{}
	}
	all := l.offersOf(k)
	l.given[k] = all
	return all
}

func (l *learner) offersOf(k int) []offer {
	x := l.all[k]
	a := x.reply()
	var found []offer
	add := func(kind, arg, text string, leaf *jsontree.Node, inList bool) {
		if text != "" && len(found) < maxOffers && !strings.ContainsAny(arg, "}\r\n") {
			found = append(found, offer{text, leaf, ref{recipe.Ref{Kind: kind, Arg: arg}, k}, inList})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.Header)) {
		if name != "Set-Cookie" && name != "Date" && name != "Content-Length" {
			add(recipe.KindHeader, name, a.Header.Get(name), nil, false)
		}
	}
	for i, part := range a.LocationParts() {
		if redact.LooksRandom(part) || likeID(part) {
			add(recipe.KindPart, strconv.Itoa(i+1), part, nil, false)
		}
	}
	cookies := a.Cookies()
	for _, name := range slices.Sorted(maps.Keys(cookies)) {
		add(recipe.KindCookie, name, cookies[name], nil, false)
	}
	for _, el := range a.Elements() {
		add(el.Kind, el.Name, el.Value, nil, false)
	}
	if a.JSON != nil {
		lists := slices.Contains(l.lists, k)
		a.JSON.Walk("", func(p, _ string, t *jsontree.Node) {
			if t.IsLeaf() && t.Kind != 'n' && t.Kind != 't' && p != "" {
				add(recipe.KindAnswer, p, t.Text, t, lists && strings.HasPrefix(p, l.list.Entries+"/"))
			}
		})
	}
	return found
}

// usable says whether the request may use an exchange's answer: one that came
// before it, and of those that list only the last before the change.
func (e *explainer) usable(k int) bool {
	x := e.l.all[k]
	if k >= e.j || !ok(x) || slices.Contains(e.l.lists, k) && k != e.s.before {
		return false
	}
	return !changing(x) || slices.Contains(e.s.changes, k)
}

// rank orders the answers in which a value was found: the list, then what was
// changed, the earliest first, then what was read, the latest first.
func (e *explainer) rank(k int) int {
	switch {
	case k == e.s.before:
		return -1
	case slices.Contains(e.s.changes, k):
		return k
	}
	return 2*len(e.l.all) - k
}

// fromAnswers finds the answer that gave a text.
func (e *explainer) fromAnswers(where, name, text string, leaf *jsontree.Node) (*ref, error) {
	strong := len(text) >= 8 && likeID(text) || len(text) > redact.MaxPlain && !strings.Contains(text, " ")
	good := func(k int, o offer) bool {
		return o.text == text && !o.inList && fits(o.leaf, leaf) && (strong || e.weak(k, o, name, text))
	}
	best := e.offered(func(k int, o offer) bool { return o.ref.Kind != recipe.KindPart && good(k, o) })
	if len(best) == 0 && strong { // Chromium does not keep what a file that is sent alone was answered
		best = e.offered(good)
	}
	if len(best) == 0 {
		return nil, nil
	}
	if i := slices.IndexFunc(best, func(o offer) bool { return alike(jsontree.LastName(o.ref.Arg), name) }); i >= 0 {
		best = best[i : i+1]
	}
	if len(best) > 1 && !strong {
		return nil, refuse(codeAmbiguous, "record again: another time the values differ", "%s: %s has a value that one answer gives in %d places (%s and %s)",
			e.where(), where, len(best), redact.Printable(best[0].ref.Arg), redact.Printable(best[1].ref.Arg))
	}
	r := best[0].ref
	r.From = "answer"
	return &r, nil
}

// offered are the values of one answer that are good: of the first by rank that
// has any.
func (e *explainer) offered(good func(k int, o offer) bool) []offer {
	best, rank := []offer(nil), 0
	for k := range e.j {
		if !e.usable(k) {
			continue
		}
		var here []offer
		for _, o := range e.l.offers(k) {
			if good(k, o) {
				here = append(here, o)
			}
		}
		if len(here) > 0 && (best == nil || e.rank(k) < rank) {
			best, rank = here, e.rank(k)
		}
	}
	return best
}

// weak says whether a short value may come from an answer all the same: that of
// a change, or one with the same name.
func (e *explainer) weak(k int, o offer, name, text string) bool {
	if isWord(text) && len(text) < 4 {
		return false
	}
	return slices.Contains(e.s.changes, k) && (strings.ContainsAny(text, "0123456789") && o.ref.Kind != recipe.KindHeader || alike(jsontree.LastName(o.ref.Arg), name)) ||
		redact.IsSecretName(name) && alike(jsontree.LastName(o.ref.Arg), name)
}

// alike says whether two names may mean the same.
func alike(a, b string) bool {
	a, b = redact.FoldName(a), redact.FoldName(b)
	return len(a) > 2 && len(b) > 2 && (a == b || strings.HasSuffix(a, b) || strings.HasSuffix(b, a)) || a == b && a != ""
}

// fits says whether a value can stand where a JSON leaf stands; anywhere else
// its text is enough.
func fits(from, to *jsontree.Node) bool {
	return to == nil || to.Kind == '"' || from != nil && from.Kind == to.Kind
}
