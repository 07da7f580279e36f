package learn

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/jsontree"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/redact"
)

// A subject is what a flow is about.
type subject struct {
	before   int            // the exchange that lists before it
	upload   *recipe.Upload // nil: no package goes with it
	entry    *jsontree.Node // nil: there is none yet
	ids      []string
	entries  []*jsontree.Node
	carriers []int
	changes  []int // what may be changing in this part of the recording
}

func (l *learner) subject(c cut, upload *recipe.Upload) subject {
	return subject{before: c.before, upload: upload, ids: l.identifying(c.before), entries: l.entriesOf(c.before), changes: c.changes}
}

// A draft is one request of which each part is explained.
type draft struct {
	x      int
	step   recipe.Step
	refs   []*ref   // all of the templates, for naming them
	finish []func() // write the templates once steps have names
}

func (d *draft) about(from string) bool {
	return d != nil && slices.ContainsFunc(d.refs, func(r *ref) bool { return r.From == from })
}

// flow finds everything that the first requests need or that goes on from them,
// and makes steps of it. The last of them comes last.
func (l *learner) flow(name string, s subject, first []int) ([]recipe.Step, error) {
	in := map[int]*draft{}
	for _, j := range first {
		in[j] = nil
	}
	if name == "list" {
		s.changes = nil
	}
	for grown := true; grown; {
		grown = false
		for _, j := range s.changes {
			if _, is := in[j]; is {
				continue
			}
			d, _ := l.draft(s, j)
			if d != nil && slices.ContainsFunc(d.refs, func(r *ref) bool {
				_, from := in[r.exchange]
				return r.From == recipe.FromEntry || r.From == recipe.FromPackage && r.Kind != "version" && r.Kind != "description" && r.Kind != "size" || r.exchange >= 0 && from && changing(l.all[r.exchange])
			}) {
				in[j], grown = nil, true
			}
		}
		for _, j := range sortedInts(in) {
			if in[j] != nil {
				continue
			}
			d, err := l.draft(s, j)
			if err != nil {
				return nil, err
			}
			in[j], grown = d, true
			for _, r := range d.refs {
				if r.exchange < 0 || l.known4(name, r.exchange) || r.exchange == s.before && name != "list" {
					continue
				}
				if _, is := in[r.exchange]; !is {
					in[r.exchange] = nil
				}
			}
		}
	}
	return l.name(name, s, in), nil
}

// known4 says whether an exchange is part of the list's flow, which runs before
// every other.
func (l *learner) known4(name string, x int) bool {
	if name == "list" {
		return false
	}
	step, is := l.steps[x]
	return is && strings.HasPrefix(step, "list")
}

func sortedInts(m map[int]*draft) []int {
	var all []int
	for j := range m {
		all = append(all, j)
	}
	slices.Sort(all)
	return all
}

// name gives the steps of a flow their names and writes their templates.
func (l *learner) name(flow string, s subject, in map[int]*draft) []recipe.Step {
	if l.steps == nil {
		l.steps = map[int]string{}
	}
	names := map[int]string{s.before: "list"}
	for x, n := range l.steps {
		if strings.HasPrefix(n, "list") {
			names[x] = n
		}
	}
	order := sortedInts(in)
	for i, j := range order {
		names[j] = recipe.StepName(flow, i, len(order))
		if _, is := l.steps[j]; !is {
			l.steps[j] = names[j]
		}
	}
	var steps []recipe.Step
	for _, j := range order {
		d := in[j]
		for _, r := range d.refs {
			if r.exchange >= 0 {
				r.From = names[r.exchange]
			}
		}
		for _, f := range d.finish {
			f()
		}
		d.step.Name = names[j]
		if x := l.all[j]; x.unkept() {
			l.note("the browser did not keep what %s %s%s was answered: of it only the status and the type are checked", x.method, redact.Host(x.url.String()), redact.Path(x.url.Path))
		}
		steps = append(steps, d.step)
	}
	return steps
}

// draft explains one request. It returns what it has, with an error, where a
// part of it stays unexplained.
func (l *learner) draft(s subject, j int) (*draft, error) {
	x := l.all[j]
	d := &draft{x: j}
	e := &explainer{l: l, s: s, j: j, d: d}
	d.step.Method = x.method
	if !recipe.IsMethod(x.method) {
		return d, refuse(codeLearn, "", "%s needs the method %s, which is not replayed", e.where(), redact.Printable(x.method))
	}
	err := e.address()
	if err2 := e.headers(); err == nil {
		err = err2
	}
	if err2 := e.body(); err == nil {
		err = err2
	}
	d.step.Expect = expectOf(x)
	if page := d.step.Expect.Type == "text/html"; !d.step.Storage && (bearer(x) || !l.token && !page) {
		d.step.Token = true
	}
	return d, err
}

func expectOf(x *exchange) recipe.Expect {
	a := x.reply()
	e := recipe.Expect{Status: a.Status, Type: a.MediaType}
	if a.JSON != nil {
		f := recipe.NewShape()
		f.Add(a.JSON)
		e.Shape = f.Lines()
	}
	return e
}

// reply is the exchange's answer, as replaying would read it.
func (x *exchange) reply() *recipe.Answer {
	a := recipe.NewAnswer(x.url, x.status, x.answered, x.answerType, x.answer)
	if x.unkept() {
		a.MediaType = x.answerType
	}
	return a
}

// unkept says whether there was content in the answer that was not recorded:
// Chromium keeps none where a file was sent alone.
func (x *exchange) unkept() bool {
	if len(x.answer) > 0 || x.status == http.StatusNoContent {
		return false
	}
	size, err := strconv.Atoi(x.answered.Get("Content-Length"))
	return size > 0 || err != nil && x.hasBody && len(x.body) == 0 && len(x.params) == 0 && recipe.IsJSON(x.answerType)
}
