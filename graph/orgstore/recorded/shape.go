package recorded

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A form is the shape of JSON answers: for each path the types seen there, and
// whether it was there whenever what it is in was. Items of arrays share a path
// with * in it, and so do members whose names look like data.
type form struct {
	types map[string]map[string]bool
	seen  map[string]int // times a path was seen
	in    map[string]int // times what it is in was
}

func newForm() *form {
	return &form{map[string]map[string]bool{}, map[string]int{}, map[string]int{}}
}

func typeName(k jsontext.Kind) string {
	return map[jsontext.Kind]string{'{': "object", '[': "array", '"': "string", '0': "number", 't': "boolean", 'n': "null"}[k]
}

// add takes one answer into the form.
func (f *form) add(t *tree) {
	f.put("", t)
	f.seen[""]++
	f.in[""]++
}

func (f *form) put(path string, t *tree) {
	if f.types[path] == nil {
		f.types[path] = map[string]bool{}
	}
	f.types[path][typeName(t.kind)] = true
	names := map[string]bool{}
	for i, item := range t.items {
		name := "*"
		if t.kind == '{' && !opaque(t.names[i]) && !personal(t.names[i]) {
			name = escapePointer(t.names[i])
		}
		f.put(path+"/"+name, item)
		names[path+"/"+name] = true
	}
	for name := range names {
		f.seen[name]++
	}
	if t.kind == '{' {
		f.in[path+"{}"]++
	}
}

// lines writes a form: one line for a path, sorted; a ? says that it may be
// missing.
func (f *form) lines() []string {
	var all []string
	for path, types := range f.types {
		line := cmpOr(path, "/") + " " + strings.Join(slices.Sorted(maps.Keys(types)), "|")
		if !f.always(path) {
			line += " ?"
		}
		all = append(all, line)
	}
	slices.Sort(all)
	return all
}

func cmpOr(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// always says whether a member was there in every object that may have it.
func (f *form) always(path string) bool {
	if path == "" || strings.HasSuffix(path, "/*") {
		return true
	}
	return f.seen[path] == f.in[path[:strings.LastIndexByte(path, '/')]+"{}"]
}

// differs says where an answer is not of a recorded shape; empty if it is.
func differs(recorded []string, t *tree) string {
	want := map[string]string{}
	optional := map[string]bool{}
	for _, line := range recorded {
		line, may := strings.CutSuffix(line, " ?")
		i := strings.LastIndexByte(line, ' ')
		path := line[:max(i, 0)]
		if path == "/" {
			path = ""
		}
		want[path], optional[path] = line[i+1:], may
	}
	got := newForm()
	got.add(t)
	for _, path := range slices.Sorted(maps.Keys(got.types)) {
		types, ok := want[path]
		if !ok {
			return "there is a new member at " + shown(path)
		}
		for kind := range got.types[path] {
			if !slices.Contains(strings.Split(types, "|"), kind) {
				return shown(path) + " is of the type " + kind + ", and was " + types
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(want)) {
		if path == "" || optional[path] || strings.HasSuffix(path, "/*") {
			continue
		}
		parent := path[:strings.LastIndexByte(path, '/')]
		if n := got.in[parent+"{}"]; n > got.seen[path] {
			return shown(path) + " is missing"
		}
	}
	return ""
}

// shown is a path for people: names that a portal gave today may be anything.
func shown(path string) string {
	const most = 80
	path = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, path)
	if len(path) > most {
		path = path[:most] + "…"
	}
	return cmpOr(path, "/")
}
