package replay

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/jsontree"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/redact"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// An entry is one of the list's.
type entry struct {
	guid visual.GUID
	file bool // it came from a file
	tree *jsontree.Node
}

func (e *entry) listing(l recipe.List) store.Listing {
	found := store.Listing{GUID: e.guid}
	switch { // documented: from a file, or from AppSource
	case !e.file:
		found.Source = store.FromAppSource
	case l.Suffix || len(l.File) > 0:
		found.Source = store.FromFile
	}
	if t := e.tree.At(l.Name); l.Name != "" && t != nil && t.Kind == '"' {
		found.Name = t.Text
	}
	if l.Access != nil {
		if t := e.tree.At(l.Access.At); t != nil && t.IsLeaf() {
			on := t.LeafJSON() == l.Access.On
			if on || t.LeafJSON() == l.Access.Off {
				found.Enabled = &on
			}
		}
	}
	found.Changed, found.Author = e.text(l.Changed), e.text(l.Author)
	if t := e.tree.At(l.Version); l.Version != "" && t != nil && t.IsLeaf() {
		if v, err := visual.ParseVersion(t.Text); err == nil {
			found.Release = &visual.Release{Version: v}
		}
	}
	return found
}

// text is what a member of the entry says, as one line; empty where it says nothing.
func (e *entry) text(pointer string) string {
	t := e.tree.At(pointer)
	if pointer == "" || t == nil || t.Kind != '"' {
		return ""
	}
	return redact.Printable(t.Text)
}

// list sends the list's steps and reads the entries.
func (s *session) list(ctx context.Context) ([]*entry, error) {
	l := s.store.recipe.List
	client, err := s.store.listingClient()
	if err != nil {
		return nil, err
	}
	if err := s.run(ctx, client, l.Steps, false); err != nil {
		return nil, err
	}
	return s.entries(l)
}

func (s *session) entries(l recipe.List) ([]*entry, error) {
	answer := s.sources.answers["list"]
	if answer.JSON == nil {
		return nil, newStrangeError("the list was answered with something that is not JSON")
	}
	array := answer.JSON.At(l.Entries)
	if array == nil || array.Kind != '[' {
		return nil, newStrangeError("there is no list of entries in the answer")
	}
	var all []*entry
	for _, item := range array.Items {
		t := item.At(l.GUID)
		if t == nil || t.Kind != '"' {
			return nil, newStrangeError("an entry of the list does not say which visual it is")
		}
		name, suffixed := strings.CutSuffix(t.Text, orgStoreSuffix)
		g, err := visual.ParseGUID(name)
		if err != nil {
			continue // not a visual's name; nobody will ask for it
		}
		all = append(all, &entry{guid: g, file: cameFromFile(l, item, suffixed), tree: item})
	}
	return all, nil
}

const orgStoreSuffix = "_OrgStore"

func cameFromFile(l recipe.List, item *jsontree.Node, suffixed bool) bool {
	if suffixed != l.Suffix {
		return false
	}
	return !slices.ContainsFunc(l.File, func(is recipe.Is) bool {
		t := item.At(is.At)
		return t == nil || !t.IsLeaf() || t.LeafJSON() != is.Is
	})
}

// find lists and returns the one entry of a visual; nil where there is none.
func (s *session) find(ctx context.Context, g visual.GUID) (*entry, error) {
	all, err := s.list(ctx)
	if err != nil {
		return nil, err
	}
	var found *entry
	for _, e := range all {
		if e.guid != g || found != nil && found.file && !e.file {
			continue
		}
		if found != nil && found.file == e.file {
			return nil, refuse(codeEntry, "look at the list in the portal", "the list has more than one entry of %s", g)
		}
		found = e
	}
	if found != nil && !found.file {
		return nil, refuse(codeEntry, "leave it to AppSource; or swap it in the reports and add the visual from a file",
			"%s was not added from a file; it updates itself, and orgstore never touches it", g)
	}
	return found, nil
}

// verify lists again and holds the entry against what it was and should be.
func (s *session) verify(ctx context.Context, id store.StepID, g visual.GUID, before *entry, wrong func(*entry) string) (store.Receipt, error) {
	again := s.store.begin(nil)
	again.sent = s.sent
	now, err := again.find(ctx, g)
	if err != nil {
		return store.Receipt{}, withSent(s.sent, err)
	}
	why := ""
	switch {
	case now == nil:
		why = "the list does not have it"
	default:
		if why = moved(s.store.recipe.List, before, now); why == "" {
			why = wrong(now)
		}
	}
	if why != "" {
		return store.Receipt{}, &Error{code: codeVerify, message: fmt.Sprintf("%s was changed, but afterwards %s", g, why),
			hint: "look at the visual in the portal; orgstore repeats nothing by itself"}
	}
	r := store.Receipt{Reference: string(id)}
	if s.store.recipe.List.Version == "" {
		r.Note = "accepted; the list does not tell which version it holds"
	}
	return r, nil
}

// moved says which member that names the entry is another one now.
func moved(l recipe.List, before, now *entry) string {
	if before == nil {
		return ""
	}
	for _, p := range l.Stable {
		a, b := before.tree.At(p), now.tree.At(p)
		if a == nil || b == nil || a.Kind != b.Kind || a.Text != b.Text {
			return "its member " + redact.Printable(p) + " is another one"
		}
	}
	return ""
}
