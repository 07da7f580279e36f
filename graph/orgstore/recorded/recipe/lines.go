package recipe

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/jsontree"
)

// A Line is one request of a recipe, for a person who reviews it.
type Line struct {
	Flow   string // list, update, add, enable, disable
	Method string
	Host   string // or the step whose answer names it
	Path   string // a template, with its query
	Sends  string // what goes with it, in words
	Token  bool   // orgstore's token goes with it
}

// Lines lists the requests of a recipe in the order in which they are sent.
func (r Recipe) Lines() []Line {
	var all []Line
	for _, f := range r.flows() {
		for _, s := range f.steps {
			l := Line{Flow: f.name, Method: s.Method, Sends: s.sends(), Token: s.Token}
			if pieces, _ := ParseTemplate(s.URL); len(pieces) > 0 && pieces[0].Ref != nil {
				l.Host, l.Path = "the answer to "+pieces[0].Ref.From, s.URL
				if s.Storage {
					l.Host += ", a storage host"
				}
			} else {
				_, rest, _ := strings.Cut(s.URL, "://")
				l.Host, l.Path, _ = strings.Cut(rest, "/")
				l.Path = "/" + l.Path
			}
			all = append(all, l)
		}
	}
	return all
}

// sends says in words what goes with a request.
func (s Step) sends() string {
	var said []string
	say := func(is bool, what string) {
		if is {
			said = append(said, what)
		}
	}
	all := strings.Join(s.Templates()[1:], "\n")
	b := cmp.Or(s.Body, &Body{})
	file := b.Bytes != "" || strings.Contains(all, "${package base64}")
	for _, p := range b.Parts {
		file = file || p.File != ""
	}
	say(file, "the package")
	for _, kind := range PackageKinds()[2:] {
		say(strings.Contains(all, "package "+kind+"}"), "its "+strings.ReplaceAll(kind, "-", " "))
	}
	for _, t := range s.Templates() {
		pieces, _ := ParseTemplate(t)
		for _, p := range pieces {
			if p.Ref != nil && p.Ref.From == FromEntry {
				say(!strings.Contains(strings.Join(said, "\n"), "the entry's "+jsontree.LastName(p.Ref.Arg)), "the entry's "+jsontree.LastName(p.Ref.Arg))
			}
		}
	}
	for _, h := range s.Headers {
		pieces, _ := ParseTemplate(h.Value)
		say(len(pieces) > 0 && pieces[0].Ref != nil, "the header "+h.Name+" as an answer gave it")
	}
	if len(said) == 0 {
		return "nothing but its address"
	}
	return strings.Join(said, ", ")
}

// Host returns the host that the recipe lists on, without a scheme.
func (r Recipe) Host() string {
	u, err := url.Parse(strings.SplitN(r.List.Steps[len(r.List.Steps)-1].URL, "${", 2)[0])
	if err != nil {
		return ""
	}
	return u.Host
}
