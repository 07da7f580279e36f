package learn

import (
	"strings"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/jsontree"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/redact"
)

// learnAccess takes the first change of the entry that came with no package for
// switching off, and the next, which puts the member back, for switching on.
func (l *learner) learnAccess(r *recipe.Recipe, cuts []cut) error {
	if !l.known.Access {
		return nil
	}
	const hint = "record: list, switch Access off, wait for the list, switch it on, wait for the list"
	type turn struct {
		cut      cut
		at, a, b string
	}
	var turns []turn
	for _, c := range cuts {
		before, after := l.entryOf(c.before, l.known.GUID), l.entryOf(c.after, l.known.GUID)
		if before == nil || after == nil || l.isUpload(c) {
			continue
		}
		changed := changedMembers(before, after)
		if len(changed) > 1 {
			return refuse(codeAmbiguous, hint, "something changed %d members of the visual's entry at once (%s); which of them is its access cannot be told", len(changed), redact.Printable(strings.Join(changed, ", ")))
		}
		if len(changed) == 1 {
			turns = append(turns, turn{c, changed[0], before.At(changed[0]).LeafJSON(), after.At(changed[0]).LeafJSON()})
		}
	}
	if len(turns) != 2 || turns[0].at != turns[1].at || turns[0].a != turns[1].b || turns[0].b != turns[1].a {
		return refuse(codeLearn, hint, "the recording does not show access being switched off and on again, and nothing else of the visual's entry: %d changes without a package were found", len(turns))
	}
	l.list.Access = &recipe.Flag{At: turns[0].at, On: turns[0].a, Off: turns[0].b}
	var err error
	if r.Disable, err = l.accessFlow("disable", turns[0].cut); err != nil {
		return err
	}
	r.Enable, err = l.accessFlow("enable", turns[1].cut)
	return err
}

// isUpload says whether a package that is known was sent in a cut.
func (l *learner) isUpload(c cut) bool {
	one := []cut{c}
	return len(l.carriers(one, recipe.NewUpload(l.known.Update, l.known.UpdateFile))) > 0 ||
		l.known.Added != nil && len(l.carriers(one, recipe.NewUpload(l.known.Added, l.known.AddedFile))) > 0
}

func (l *learner) accessFlow(name string, c cut) ([]recipe.Step, error) {
	s := l.subject(c, nil)
	s.entry = l.entryOf(c.before, l.known.GUID)
	var about []int
	for _, j := range c.changes {
		if d, _ := l.draft(s, j); d.about(recipe.FromEntry) {
			about = append(about, j)
		}
	}
	if len(about) == 0 {
		return nil, refuse(codeLearn, "", "no request of the recording names the visual whose access was switched (%s)", name)
	}
	return l.flow(name, s, about)
}

// changedMembers are the leaves that differ and are in both, times left out.
func changedMembers(a, b *jsontree.Node) []string {
	var found []string
	a.Walk("", func(p, _ string, t *jsontree.Node) {
		if o := b.At(p); t.IsLeaf() && o != nil && o.IsLeaf() && o.LeafJSON() != t.LeafJSON() && !isTime(o.Text) {
			found = append(found, p)
		}
	})
	return found
}
