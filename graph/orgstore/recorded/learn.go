package recorded

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

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
	hosts Hosts
	known Known
	all   []*exchange // in the order of time; only those that matter
	lists []int       // those that list
	list  List
	shape *Shape
	notes []Note
	// token says whether the recording shows tokens at all: browsers leave them
	// out unless asked.
	token bool
	steps map[int]string  // exchanges by the step that they became
	given map[int][]offer // what each answer gave
}

// Learn finds in a recording which requests list and which change, and writes
// down how to send them again for other packages. It refuses, and says why, what
// it does not understand wholly.
func Learn(r Recording, k Known, h Hosts) (Recipe, []Note, error) {
	l := &learner{hosts: h, known: k}
	if k.Name == "" {
		l.known.Name = k.Update.Manifest().DisplayName
	}
	if g := k.Update.Manifest().GUID; g != k.GUID {
		return Recipe{}, nil, refuse(codeLearn, "give the package that was uploaded", "the package is one of %s, not of %s", g, k.GUID)
	}
	l.sift(r)
	recipe := Recipe{Cloud: h.Cloud(), Audience: h.Audience()}
	err := l.learn(&recipe)
	if err != nil {
		return Recipe{}, l.notes, err
	}
	again, err := Parse("recipe", recipe.YAML(), h)
	switch {
	case err != nil:
		return Recipe{}, l.notes, err
	case again.Digest() != recipe.Digest():
		return Recipe{}, l.notes, refuse(codeLearn, "", "the recipe cannot be written down so that it reads the same")
	}
	return recipe, l.notes, nil
}

func (l *learner) note(format string, args ...any) {
	n := Note(fmt.Sprintf(format, args...))
	if !slices.Contains(l.notes, n) {
		l.notes = append(l.notes, n)
	}
}

// sift leaves out what is on other hosts, static, telemetry or failed.
func (l *learner) sift(r Recording) {
	elsewhere := 0
	for _, x := range r.all {
		switch p := l.hosts.KindOf(x.url); {
		case x.method == http.MethodOptions || x.status == 0:
		case p == NoHost:
			elsewhere++
		case static(x) || telemetry(x):
		default:
			l.all = append(l.all, x)
			l.token = l.token || bearer(x)
		}
	}
	if elsewhere > 0 {
		l.note("%d requests to hosts that are not the portal's are ignored", elsewhere)
	}
}

func bearer(x *exchange) bool { return x.header.Get("Authorization") != "" }

func static(x *exchange) bool {
	if x.method != http.MethodGet {
		return false
	}
	switch x.kind {
	case "script", "stylesheet", "image", "font", "media", "manifest":
		return true
	}
	for _, kind := range []string{"image/", "font/", "audio/", "video/", "text/css", "text/javascript", "application/javascript", "application/x-javascript", "application/wasm"} {
		if strings.HasPrefix(x.answerType, kind) {
			return true
		}
	}
	return false
}

// telemetry says whether a request tells how the page is used. Words of its
// path decide; what it carries does not.
func telemetry(x *exchange) bool {
	if x.kind == "ping" || x.kind == "beacon" {
		return true
	}
	for part := range strings.SplitSeq(strings.ToLower(x.url.Path), "/") {
		switch part {
		case "telemetry", "telemetries", "track", "beacon", "collect", "onecollector", "logs", "clientlogs", "log", "metrics", "rum", "usage":
			return true
		}
	}
	return false
}

func changing(x *exchange) bool {
	return x.method != http.MethodGet && x.method != http.MethodHead
}

func ok(x *exchange) bool { return x.status >= 200 && x.status < 400 }

func (l *learner) learn(r *Recipe) error {
	if err := l.findLists(); err != nil {
		return err
	}
	cuts := l.cuts()
	updates := l.carriers(cuts, NewUpload(l.known.Update, l.known.UpdateFile))
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
func (l *learner) carriers(cuts []cut, c *Upload) []cut {
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
func (x *exchange) carries(c *Upload) bool {
	kind := ParseMediaType(x.bodyType)
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		return slices.ContainsFunc(x.parts(), func(p part) bool { return p.isFile && p.file == c.Values["name"] })
	case IsJSON(kind), kind == "application/x-www-form-urlencoded", strings.HasPrefix(kind, "text/"):
		return strings.Contains(string(x.body), c.Values["base64"])
	case kind == "" && len(x.body) > 0 && x.body[0] == '{':
		return strings.Contains(string(x.body), c.Values["base64"])
	}
	return x.bytes(c)
}

// bytes says whether a request's whole body is the package.
func (x *exchange) bytes(c *Upload) bool {
	return x.hasBody && (x.bodySize == int64(len(c.File)) || string(x.body) == string(c.File))
}

// entriesOf are the entries of an answer that lists.
func (l *learner) entriesOf(x int) []*Node {
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
func (l *learner) entryOf(x int, g visual.GUID) *Node {
	want := g.String()
	if l.list.Suffix {
		want = g.OrgStore()
	}
	var found *Node
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

func (l *learner) learnUpdate(r *Recipe, c cut) error {
	s := l.subject(c, NewUpload(l.known.Update, l.known.UpdateFile))
	s.entry = l.entryOf(c.before, l.known.GUID)
	s.carriers = c.carriers
	var err error
	r.Update, err = l.flow("update", s, c.carriers)
	return err
}

func (l *learner) learnAdd(r *Recipe, cuts []cut) error {
	if l.known.Added == nil {
		return nil
	}
	carried := NewUpload(l.known.Added, l.known.AddedFile)
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
	if !slices.ContainsFunc(r.Add, func(s Step) bool {
		return strings.Contains(strings.Join(s.Templates(), "\n"), "${package display-name}")
	}) {
		return refuse(codeLearn, "record adding it again, with the visual's own name in the field for the name",
			"what was typed as the name of the added visual is not the package's own, so nobody can tell what to call others")
	}
	return nil
}

// learnAccess takes the first change of the entry that came with no package for
// switching off, and the next, which puts the member back, for switching on.
func (l *learner) learnAccess(r *Recipe, cuts []cut) error {
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
			return refuse(codeAmbiguous, hint, "something changed %d members of the visual's entry at once (%s); which of them is its access cannot be told", len(changed), MakePrintable(strings.Join(changed, ", ")))
		}
		if len(changed) == 1 {
			turns = append(turns, turn{c, changed[0], before.At(changed[0]).LeafJSON(), after.At(changed[0]).LeafJSON()})
		}
	}
	if len(turns) != 2 || turns[0].at != turns[1].at || turns[0].a != turns[1].b || turns[0].b != turns[1].a {
		return refuse(codeLearn, hint, "the recording does not show access being switched off and on again, and nothing else of the visual's entry: %d changes without a package were found", len(turns))
	}
	l.list.Access = &Flag{At: turns[0].at, On: turns[0].a, Off: turns[0].b}
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
	return len(l.carriers(one, NewUpload(l.known.Update, l.known.UpdateFile))) > 0 ||
		l.known.Added != nil && len(l.carriers(one, NewUpload(l.known.Added, l.known.AddedFile))) > 0
}

func (l *learner) accessFlow(name string, c cut) ([]Step, error) {
	s := l.subject(c, nil)
	s.entry = l.entryOf(c.before, l.known.GUID)
	var about []int
	for _, j := range c.changes {
		if d, _ := l.draft(s, j); d.about(FromEntry) {
			about = append(about, j)
		}
	}
	if len(about) == 0 {
		return nil, refuse(codeLearn, "", "no request of the recording names the visual whose access was switched (%s)", name)
	}
	return l.flow(name, s, about)
}

// changedMembers are the leaves that differ and are in both, times left out.
func changedMembers(a, b *Node) []string {
	var found []string
	a.Walk("", func(p, _ string, t *Node) {
		if o := b.At(p); t.IsLeaf() && o != nil && o.IsLeaf() && o.LeafJSON() != t.LeafJSON() && !isTime(o.Text) {
			found = append(found, p)
		}
	})
	return found
}

// noteRest names what the recording also did and the recipe does not do.
func (l *learner) noteRest(cuts []cut) {
	for _, c := range cuts {
		for _, j := range c.changes {
			if _, used := l.steps[j]; !used {
				x := l.all[j]
				l.note("not replayed: %s %s%s; nothing that is replayed depends on it", x.method, RedactHost(x.url.String()), RedactPath(x.url.Path))
			}
		}
	}
}
