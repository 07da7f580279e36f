package learn

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/jsontree"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/redact"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/visual"
)

// Known is what the administrator knows of what was recorded.
type Known struct {
	GUID       visual.GUID
	Name       string          // as the list shows it; empty where it is the package's
	Update     *pbiviz.Package // uploaded to update the visual
	UpdateFile string          // the file's name in the browser
	// Added is the package of another visual, which was added in the recording;
	// nil where none was.
	Added     *pbiviz.Package
	AddedFile string
	// Access says that the visual's access was switched off and then on.
	Access bool
}

// A Note is a sentence about what was found, for the person who reviews the
// recipe. It never holds a value of the recording.
type Note string

// A learner looks for the requests that list and change.
type learner struct {
	hosts recipe.Hosts
	known Known
	all   []*exchange // in the order of time; only those that matter
	lists []int       // those that list
	list  recipe.List
	shape *recipe.Shape
	notes []Note
	// token says whether the recording shows tokens at all: browsers leave them
	// out unless asked.
	token bool
	steps map[int]string  // exchanges by the step that they became
	given map[int][]offer // what each answer gave
}

// FromRecording finds in a recording which requests list and which change, and writes
// down how to send them again for other packages. It refuses, and says why, what
// it does not understand wholly.
func FromRecording(r Recording, k Known, h recipe.Hosts) (recipe.Recipe, []Note, error) {
	l := &learner{hosts: h, known: k}
	if k.Name == "" {
		l.known.Name = k.Update.Manifest().DisplayName
	}
	if g := k.Update.Manifest().GUID; g != k.GUID {
		return recipe.Recipe{}, nil, refuse(codeLearn, "give the package that was uploaded", "the package is one of %s, not of %s", g, k.GUID)
	}
	l.sift(r)
	learned := recipe.Recipe{Cloud: h.Cloud(), Audience: h.Audience()}
	err := l.learn(&learned)
	if err != nil {
		return recipe.Recipe{}, l.notes, err
	}
	again, err := recipe.Parse("recipe", learned.YAML(), h)
	switch {
	case err != nil:
		return recipe.Recipe{}, l.notes, err
	case again.Digest() != learned.Digest():
		return recipe.Recipe{}, l.notes, refuse(codeLearn, "", "the recipe cannot be written down so that it reads the same")
	}
	return learned, l.notes, nil
}

func (l *learner) note(format string, args ...any) {
	n := Note(fmt.Sprintf(format, args...))
	if !slices.Contains(l.notes, n) {
		l.notes = append(l.notes, n)
	}
}

func (l *learner) learn(r *recipe.Recipe) error {
	if err := l.findLists(); err != nil {
		return err
	}
	cuts := l.cuts()
	updates := l.carriers(cuts, recipe.NewUpload(l.known.Update, l.known.UpdateFile))
	if err := l.oneOf(updates, "updates "+l.known.GUID.String()+" with the package given", hintUpdate); err != nil {
		return err
	}
	if err := l.readList(updates[0]); err != nil {
		return err
	}
	var err error
	if r.List.Steps, err = l.flow("list", l.subject(updates[0], nil), []int{updates[0].before}); err != nil {
		return err
	}
	if err := l.learnUpdate(r, updates[0]); err != nil {
		return err
	}
	if err := l.learnAdd(r, cuts); err != nil {
		return err
	}
	if err := l.learnAccess(r, cuts); err != nil {
		return err
	}
	steps := r.List.Steps
	r.List = l.list
	r.List.Steps = steps
	r.List.Steps[len(steps)-1].Expect.Shape = l.shape.Lines()
	l.noteRest(cuts)
	return nil
}

const hintUpdate = "record: open the page, wait for the list, update the visual with that file, wait for the list again; then export the HAR with content"

// oneOf refuses unless exactly one part of the recording does something.
func (l *learner) oneOf(found []cut, what, hint string) error {
	switch len(found) {
	case 0:
		return refuse(codeLearn, hint, "no request of the recording %s", what)
	case 1:
		if n := len(found[0].carriers); n > 1 {
			return refuse(codeAmbiguous, "record it once", "%d requests without a list between them are ones that send the package which %s", n, what)
		}
		return nil
	}
	return refuse(codeAmbiguous, "record it once", "%d parts of the recording are ones that %s", len(found), what)
}

// A cut is what happened between two answers that list.
type cut struct {
	before, after int   // exchanges that list
	changes       []int // those between that may change something
	carriers      []int
}

// cuts are the parts of the recording in which something may have been changed.
func (l *learner) cuts() []cut {
	var found []cut
	for i, before := range l.lists {
		end := len(l.all)
		c := cut{before: before, after: -1}
		if i+1 < len(l.lists) {
			end, c.after = l.lists[i+1], l.lists[i+1]
		}
		for j := before + 1; j < end; j++ {
			if changing(l.all[j]) && ok(l.all[j]) {
				c.changes = append(c.changes, j)
			}
		}
		if len(c.changes) > 0 {
			found = append(found, c)
		}
	}
	return found
}

// carriers are the cuts in which a package was sent.
func (l *learner) carriers(cuts []cut, c *recipe.Upload) []cut {
	var found []cut
	for _, k := range cuts {
		k.carriers = nil
		for _, j := range k.changes {
			if l.all[j].carries(c) {
				k.carriers = append(k.carriers, j)
			}
		}
		if len(k.carriers) > 0 {
			found = append(found, k)
		}
	}
	return found
}

// carries says whether a request brings a package: by the file name of a part,
// by its base64, or by the size and type of a body whose bytes the browser did
// not keep.
func (x *exchange) carries(c *recipe.Upload) bool {
	kind := recipe.ParseMediaType(x.bodyType)
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		return slices.ContainsFunc(x.parts(), func(p part) bool { return p.isFile && p.file == c.Values["name"] })
	case recipe.IsJSON(kind), kind == "application/x-www-form-urlencoded", strings.HasPrefix(kind, "text/"):
		return strings.Contains(string(x.body), c.Values["base64"])
	case kind == "" && len(x.body) > 0 && x.body[0] == '{':
		return strings.Contains(string(x.body), c.Values["base64"])
	}
	return x.bytes(c)
}

// bytes says whether a request's whole body is the package.
func (x *exchange) bytes(c *recipe.Upload) bool {
	return x.hasBody && (x.bodySize == int64(len(c.File)) || string(x.body) == string(c.File))
}

// entriesOf are the entries of an answer that lists.
func (l *learner) entriesOf(x int) []*jsontree.Node {
	if x < 0 || l.all[x].tree == nil {
		return nil
	}
	array := l.all[x].tree.At(l.list.Entries)
	if array == nil || array.Kind != '[' {
		return nil
	}
	return array.Items
}

// entryOf is the entry of a visual; nil where the answer has none, or several.
func (l *learner) entryOf(x int, g visual.GUID) *jsontree.Node {
	want := g.String()
	if l.list.Suffix {
		want = g.OrgStore()
	}
	var found *jsontree.Node
	for _, e := range l.entriesOf(x) {
		if t := e.At(l.list.GUID); t != nil && t.Kind == '"' && t.Text == want {
			if found != nil {
				return nil
			}
			found = e
		}
	}
	return found
}

func (l *learner) learnUpdate(r *recipe.Recipe, c cut) error {
	s := l.subject(c, recipe.NewUpload(l.known.Update, l.known.UpdateFile))
	s.entry = l.entryOf(c.before, l.known.GUID)
	s.carriers = c.carriers
	var err error
	r.Update, err = l.flow("update", s, c.carriers)
	return err
}

func (l *learner) learnAdd(r *recipe.Recipe, cuts []cut) error {
	if l.known.Added == nil {
		return nil
	}
	carried := recipe.NewUpload(l.known.Added, l.known.AddedFile)
	found := l.carriers(cuts, carried)
	g := l.known.Added.Manifest().GUID
	if err := l.oneOf(found, "adds "+g.String()+" with the package given", "record: list, add the visual from that file, wait for the list again"); err != nil {
		return err
	}
	if l.entryOf(found[0].before, g) != nil || l.entryOf(found[0].after, g) == nil {
		return refuse(codeLearn, "add a visual that is not in the list yet", "the recording does not show that %s was added: it was in the list before, or is not after", g)
	}
	s := l.subject(found[0], carried)
	s.carriers = found[0].carriers
	var err error
	if r.Add, err = l.flow("add", s, found[0].carriers); err != nil {
		return err
	}
	if !slices.ContainsFunc(r.Add, func(s recipe.Step) bool {
		return strings.Contains(strings.Join(s.Templates(), "\n"), "${package display-name}")
	}) {
		return refuse(codeLearn, "record adding it again, with the visual's own name in the field for the name",
			"what was typed as the name of the added visual is not the package's own, so nobody can tell what to call others")
	}
	return nil
}

// noteRest names what the recording also did and the recipe does not do.
func (l *learner) noteRest(cuts []cut) {
	for _, c := range cuts {
		for _, j := range c.changes {
			if _, used := l.steps[j]; !used {
				x := l.all[j]
				l.note("not replayed: %s %s%s; nothing that is replayed depends on it", x.method, redact.Host(x.url.String()), redact.Path(x.url.Path))
			}
		}
	}
}
