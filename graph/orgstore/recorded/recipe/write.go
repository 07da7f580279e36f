package recipe

import (
	"fmt"
	"strings"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/jsontree"
)

const recipeHead = `# What orgstore sends to the portal's own addresses, learned from a recording.
# Microsoft documents none of this: it can change any day, and then orgstore stops.
# No token, cookie or other secret is in this file. ${…} is filled in when a
# request is sent: from the package, from the list's entry, or from an answer.
# A changed recipe has another digest, which the settings must name.
`

// YAML writes the recipe for people to read, and for Parse.
func (r Recipe) YAML() []byte {
	w := &writer{}
	w.b.WriteString(recipeHead)
	w.line(0, "recipe: %d", Format)
	w.line(0, "cloud: %s", jsontree.Quote(r.Cloud))
	w.line(0, "audience: %s", jsontree.Quote(r.Audience))
	w.list(r.List)
	for _, f := range r.flows()[1:] {
		w.line(0, "")
		w.line(0, "# %s", aboutFlow[f.name])
		w.line(0, "%s:", f.name)
		w.steps(0, f.steps)
	}
	return []byte(w.b.String())
}

var aboutFlow = map[string]string{
	"update":  "Replaces a visual's package in place. The list is read before and after.",
	"add":     "Adds a visual that the list does not have.",
	"enable":  "Switches a visual's access on.",
	"disable": "Switches a visual's access off: it goes dark in all reports.",
}

type writer struct{ b strings.Builder }

func (w *writer) line(depth int, format string, args ...any) {
	if format != "" {
		w.b.WriteString(strings.Repeat("  ", depth))
		fmt.Fprintf(&w.b, format, args...)
	}
	w.b.WriteByte('\n')
}

// key writes a key whose value is a text, unless that is empty.
func (w *writer) key(depth int, name, value string) {
	if value != "" {
		w.line(depth, "%s: %s", name, jsontree.Quote(value))
	}
}

func (w *writer) list(l List) {
	w.line(0, "")
	if _, beyond := l.StepBeyondReading(); beyond {
		w.line(0, "# Asks for the list of organizational visuals, by more than GET. `orgstore store try`")
		w.line(0, "# refuses it, and nothing of it is sent until the settings accept this recipe.")
	} else {
		w.line(0, "# Reads the list of organizational visuals. `orgstore store try` sends only this.")
	}
	w.line(0, "list:")
	w.line(1, "steps:")
	w.steps(1, l.Steps)
	w.line(1, "# Where in the answer the entries are, and what in an entry says what.")
	w.line(1, "entries: %s", jsontree.Quote(l.Entries))
	w.line(1, "guid: %s", jsontree.Quote(l.GUID))
	w.line(1, "suffix: %t # entries from a file are called GUID_OrgStore", l.Suffix)
	w.key(1, "name", l.Name)
	w.key(1, "version", l.Version)
	w.key(1, "changed", l.Changed)
	w.key(1, "author", l.Author)
	if a := l.Access; a != nil {
		w.line(1, "access: {at: %s, on: %s, off: %s}", jsontree.Quote(a.At), jsontree.Quote(a.On), jsontree.Quote(a.Off))
	}
	if len(l.Stable) > 0 {
		w.line(1, "stable: # must be the same after a change")
		for _, p := range l.Stable {
			w.line(2, "- %s", jsontree.Quote(p))
		}
	}
	if len(l.File) > 0 {
		w.line(1, "file: # an entry that differs here did not come from a file, and is never touched")
		for _, is := range l.File {
			w.line(2, "- {at: %s, is: %s}", jsontree.Quote(is.At), jsontree.Quote(is.Is))
		}
	}
}

func (w *writer) steps(depth int, steps []Step) {
	for _, s := range steps {
		w.line(depth+1, "- name: %s", s.Name)
		d := depth + 2
		w.line(d, "method: %s", s.Method)
		w.line(d, "url: %s", jsontree.Quote(s.URL))
		w.line(d, "token: %t", s.Token)
		if s.Storage {
			w.line(d, "storage: true")
		}
		if len(s.Headers) > 0 {
			w.line(d, "headers:")
			for _, h := range s.Headers {
				w.line(d+1, "- {name: %s, value: %s}", jsontree.Quote(h.Name), jsontree.Quote(h.Value))
			}
		}
		w.body(d, s.Body)
		w.line(d, "expect:")
		w.line(d+1, "status: %d", s.Expect.Status)
		w.key(d+1, "type", s.Expect.Type)
		if len(s.Expect.Shape) > 0 {
			w.line(d+1, "shape:")
			for _, line := range s.Expect.Shape {
				w.line(d+2, "- %s", jsontree.Quote(line))
			}
		}
	}
}

func (w *writer) body(d int, b *Body) {
	if b == nil {
		return
	}
	w.line(d, "body:")
	w.key(d+1, "json", b.JSON)
	w.key(d+1, "bytes", b.Bytes)
	if b.Empty {
		w.line(d+1, "empty: true")
	}
	w.fields(d+1, "form", b.Form)
	w.fields(d+1, "parts", b.Parts)
}

func (w *writer) fields(d int, name string, fields []Field) {
	if len(fields) == 0 {
		return
	}
	w.line(d, "%s:", name)
	for _, f := range fields {
		w.line(d+1, "- name: %s", jsontree.Quote(f.Name))
		w.key(d+2, "value", f.Value)
		w.key(d+2, "json", f.JSON)
		w.key(d+2, "file", f.File)
		w.key(d+2, "type", f.Type)
	}
}
