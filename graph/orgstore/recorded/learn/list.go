package learn

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/jsontree"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/redact"
	"github.com/orgstore/orgstore/packages/visual"
)

// A spot is where in an answer the entries are.
type spot struct {
	entries, guid string
	suffix        bool
}

// spotsIn finds arrays of objects of which one names a visual.
func spotsIn(t *jsontree.Node, g visual.GUID) []spot {
	var found []spot
	t.Walk("", func(entries, _ string, array *jsontree.Node) {
		if array.Kind != '[' {
			return
		}
		for _, item := range array.Items {
			if item.Kind != '{' {
				continue
			}
			item.Walk("", func(p, _ string, leaf *jsontree.Node) {
				if leaf.Kind != '"' || leaf.Text != g.String() && leaf.Text != g.OrgStore() || inArray(item, p) {
					return
				}
				s := spot{entries, p, leaf.Text == g.OrgStore()}
				if !slices.Contains(found, s) {
					found = append(found, s)
				}
			})
		}
	})
	return found
}

// inArray says whether a pointer passes through an array.
func inArray(t *jsontree.Node, p string) bool {
	for p != "" {
		p = p[:strings.LastIndexByte(p, '/')]
		if at := t.At(p); at == nil || at.Kind == '[' {
			return true
		}
	}
	return false
}

// findLists finds the requests that list. Several that list differently are
// ambiguous, unless one of them is the only one asked by GET, before and after.
func (l *learner) findLists() error {
	groups := map[string][]int{}
	spots := map[string]spot{}
	var order []string
	update := recipe.NewUpload(l.known.Update, l.known.UpdateFile)
	for i, x := range l.all {
		if x.tree == nil || x.status != 200 || x.carries(update) {
			continue
		}
		s, ok := bestSpot(spotsIn(x.tree, l.known.GUID), x.tree)
		if !ok {
			continue
		}
		key := fmt.Sprint(x.method, " ", x.url.Host, redactedID(x.url.Path), " ", slices.Sorted(maps.Keys(x.url.Query())), s)
		if groups[key] == nil {
			order = append(order, key)
			spots[key] = s
		}
		groups[key] = append(groups[key], i)
	}
	order = prefer(order, func(k string) bool { return strings.HasPrefix(k, "GET ") })
	order = prefer(order, func(k string) bool { return len(groups[k]) > 1 })
	switch len(order) {
	case 0:
		return refuse(codeLearn, hintUpdate, "no answer of the recording lists %s; was the HAR saved with content?", l.known.GUID)
	case 1:
	default:
		var names []string
		for _, k := range order {
			x := l.all[groups[k][0]]
			names = append(names, x.method+" "+redact.Path(x.url.Path))
		}
		return refuse(codeAmbiguous, "record on the page Organizational visuals alone", "%d requests list the visual, and which is the list cannot be told: %s", len(order), strings.Join(names, ", "))
	}
	s := spots[order[0]]
	l.list = recipe.List{Entries: s.entries, GUID: s.guid, Suffix: s.suffix}
	l.lists = groups[order[0]]
	return nil
}

func redactedID(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if redact.LooksRandom(p) {
			parts[i] = "…"
		}
	}
	return strings.Join(parts, "/")
}

// prefer keeps those of which something is true, if there are any.
func prefer(keys []string, good func(string) bool) []string {
	var kept []string
	for _, k := range keys {
		if good(k) {
			kept = append(kept, k)
		}
	}
	if len(kept) == 0 {
		return keys
	}
	return kept
}

// bestSpot is where the identity of entries is: where all of them have one, and
// rather with the suffix that the store's visuals have in reports.
func bestSpot(spots []spot, t *jsontree.Node) (spot, bool) {
	slices.SortStableFunc(spots, func(a, b spot) int {
		return cmp.Or(-cmp.Compare(btoi(a.suffix), btoi(b.suffix)), cmp.Compare(strings.Count(a.guid, "/"), strings.Count(b.guid, "/")))
	})
	for _, s := range spots {
		all := true
		for _, item := range t.At(s.entries).Items {
			id := item.At(s.guid)
			all = all && id != nil && id.Kind == '"'
		}
		if all {
			return s, true
		}
	}
	return spot{}, false
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// readList learns what in an entry says what, from the lists before and after
// the update.
func (l *learner) readList(c cut) error {
	before, after := l.entryOf(c.before, l.known.GUID), l.entryOf(c.after, l.known.GUID)
	switch {
	case before == nil:
		return refuse(codeLearn, hintUpdate, "the list before the update does not have exactly one entry of %s from a file", l.known.GUID)
	case c.after < 0 || after == nil:
		return refuse(codeLearn, hintUpdate, "no list follows the update, or it lacks %s; so nobody can see whether the update was made", l.known.GUID)
	}
	l.shape = recipe.NewShape()
	for _, i := range l.lists {
		l.shape.Add(l.all[i].tree)
	}
	l.findName(before)
	l.findVersion(before, after)
	l.findChanged(before, after)
	l.findAuthor(after)
	for _, p := range l.identifying(c.before) {
		// Others, such as a size, may be the same by chance.
		if a, b := before.At(p), after.At(p); a != nil && b != nil && a.LeafJSON() == b.LeafJSON() && (p == l.list.GUID || p == l.list.Name || namesIt(jsontree.LastName(p))) {
			l.list.Stable = append(l.list.Stable, p)
		}
	}
	if l.list.Name != "" && !slices.Contains(l.list.Stable, l.list.Name) && before.At(l.list.Name).LeafJSON() == rawAt(after, l.list.Name) {
		l.list.Stable = append(l.list.Stable, l.list.Name)
	}
	slices.Sort(l.list.Stable)
	l.findSource(c.before, before)
	return nil
}

// namesIt says whether a member of this name holds what an entry is known by.
func namesIt(name string) bool {
	p := redact.FoldName(name)
	return strings.HasSuffix(p, "id") || strings.HasSuffix(p, "key")
}

// likeVersion says whether a value is a version, which the next update changes.
func likeVersion(s string) bool {
	_, err := visual.ParseVersion(s)
	return err == nil && strings.Contains(s, ".")
}

func rawAt(t *jsontree.Node, p string) string {
	if t = t.At(p); t == nil || !t.IsLeaf() {
		return ""
	}
	return t.LeafJSON()
}

func (l *learner) findName(entry *jsontree.Node) {
	var found []string
	entry.Walk("", func(p, name string, t *jsontree.Node) {
		if t.Kind == '"' && t.Text == l.known.Name && p != l.list.GUID {
			found = append(found, p)
		}
	})
	found = prefer(found, func(p string) bool {
		return strings.Contains(redact.FoldName(jsontree.LastName(p)), "name") || redact.FoldName(jsontree.LastName(p)) == "title"
	})
	if len(found) == 0 {
		l.note("no member of the list's entry is the visual's name; names are not checked")
		return
	}
	slices.SortStableFunc(found, func(a, b string) int { return cmp.Compare(strings.Count(a, "/"), strings.Count(b, "/")) })
	l.list.Name = found[0]
}

// findVersion learns the member that has the package's version after the update:
// the one that became it, or, where the update did not change the version, the one
// that is called so.
func (l *learner) findVersion(before, after *jsontree.Node) {
	want := l.known.Update.Manifest().Version
	var became, stayed []string
	after.Walk("", func(p, _ string, t *jsontree.Node) {
		was := before.At(p)
		if t.Kind != '"' || was == nil || was.Kind != '"' || inArray(after, p) || p == l.list.Name {
			return
		}
		v, err := visual.ParseVersion(t.Text)
		_, err2 := visual.ParseVersion(was.Text)
		switch {
		case err != nil || err2 != nil || !v.Equal(want):
		case was.Text == t.Text:
			stayed = append(stayed, p)
		default:
			became = append(became, p)
		}
	})
	stayed = prefer(stayed, func(p string) bool { return strings.Contains(redact.FoldName(jsontree.LastName(p)), "version") })
	switch {
	case len(became) == 1:
		l.list.Version = became[0]
	case len(became) == 0 && len(stayed) == 1:
		l.list.Version = stayed[0]
		l.note("the update did not change the version, so %s, which has the package's, is taken for it; record an update to another version to be sure", redact.Printable(stayed[0]))
	case len(became)+len(stayed) > 0:
		l.note("several members of the list could be the version; record an update to another version to learn it")
	default:
		l.note("the list does not show which version a visual has; after an update only a person can see it")
	}
}

// findChanged learns the member that is a time, and became a later one.
func (l *learner) findChanged(before, after *jsontree.Node) {
	var found []string
	after.Walk("", func(p, _ string, t *jsontree.Node) {
		was := before.At(p)
		if t.Kind != '"' || was == nil || was.Kind != '"' || inArray(after, p) {
			return
		}
		a, err := time.Parse(time.RFC3339Nano, was.Text)
		b, err2 := time.Parse(time.RFC3339Nano, t.Text)
		if err == nil && err2 == nil && b.After(a) {
			found = append(found, p)
		}
	})
	found = prefer(found, func(p string) bool { return hasWord(p, "chang", "modif", "updat") })
	if len(found) > 0 {
		l.list.Changed = found[0]
	}
}

// findAuthor learns the member that names a person, as an entry's owner or as who
// changed it.
func (l *learner) findAuthor(after *jsontree.Node) {
	var found []string
	after.Walk("", func(p, _ string, t *jsontree.Node) {
		if t.Kind == '"' && redact.LooksPersonal(t.Text) && !inArray(after, p) && hasWord(p, "by", "owner", "author", "editor", "user") {
			found = append(found, p)
		}
	})
	found = prefer(found, func(p string) bool { return hasWord(p, "chang", "modif", "updat") })
	if len(found) == 1 {
		l.list.Author = found[0]
	}
}

// hasWord says whether the name of a member has one of some words in it.
func hasWord(pointer string, words ...string) bool {
	name := redact.FoldName(jsontree.LastName(pointer))
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(name, w) })
}

// findSource learns how entries from a file are told from others: by members
// about where an entry comes from, in which the entries differ.
func (l *learner) findSource(x int, entry *jsontree.Node) {
	for _, word := range []string{"source", "public", "origin", "market", "external", "appsource"} {
		entry.Walk("", func(p, name string, t *jsontree.Node) {
			if !t.IsLeaf() || t.Kind == 'n' || inArray(entry, p) || !strings.Contains(redact.FoldName(name), word) || redact.LooksRandom(t.Text) || redact.LooksPersonal(t.Text) || len(t.Text) > 40 || isTime(t.Text) {
				return
			}
			if strings.Contains(t.Text, "/") || slices.Contains(l.identifying(x), p) || slices.Contains(l.list.File, recipe.Is{At: p, Is: t.LeafJSON()}) {
				return
			}
			l.list.File = append(l.list.File, recipe.Is{At: p, Is: t.LeafJSON()})
		})
	}
	if len(l.list.File) == 0 && !l.list.Suffix {
		l.note("the list does not show which visuals came from AppSource; orgstore cannot keep its hands off them by itself")
	}
}

// identifying are the members that are another one in each entry, such as ids.
func (l *learner) identifying(x int) []string {
	entries := l.entriesOf(x)
	var found []string
	if len(entries) == 0 {
		return nil
	}
	entry := cmp.Or(l.entryOf(x, l.known.GUID), entries[0])
	entry.Walk("", func(p, name string, t *jsontree.Node) {
		if !t.IsLeaf() || t.Kind == 'n' || t.Kind == 't' || t.Text == "" || isTime(t.Text) || likeVersion(t.Text) || inArray(entry, p) {
			return
		}
		seen := map[string]bool{}
		for _, e := range entries {
			o := e.At(p)
			if o == nil || !o.IsLeaf() || o.Kind == 'n' {
				continue // an entry from elsewhere may lack it
			}
			if seen[o.LeafJSON()] {
				return
			}
			seen[o.LeafJSON()] = true
		}
		if len(seen) > 1 || likeID(t.Text) || p == l.list.GUID || p == l.list.Name {
			found = append(found, p)
		}
	})
	return found
}

// likeID says whether a value may name something: it has a digit, and is not
// one alone.
func likeID(s string) bool {
	return len(s) > 1 && strings.ContainsAny(s, "0123456789")
}

// isTime says whether a value is a time, which changes with every change.
func isTime(s string) bool {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.DateTime, time.RFC1123} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}
