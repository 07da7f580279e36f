package recipe

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/jsontree"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/redact"
)

// A Shape is the shape of JSON answers: for each path the types seen there, and
// whether it was there whenever what it is in was. Items of arrays share a path
// with * in it, and so do members whose names look like data.
type Shape struct {
	types map[string]map[string]bool
	seen  map[string]int // times a path was seen
	in    map[string]int // times what it is in was
}

func NewShape() *Shape {
	return &Shape{map[string]map[string]bool{}, map[string]int{}, map[string]int{}}
}

func typeName(k jsontext.Kind) string {
	return map[jsontext.Kind]string{'{': "object", '[': "array", '"': "string", '0': "number", 't': "boolean", 'n': "null"}[k]
}

// Add takes one answer into the shape.
func (f *Shape) Add(t *jsontree.Node) {
	f.addAt("", t)
	f.seen[""]++
	f.in[""]++
}

func (f *Shape) addAt(path string, t *jsontree.Node) {
	if f.types[path] == nil {
		f.types[path] = map[string]bool{}
	}
	f.types[path][typeName(t.Kind)] = true
	names := map[string]bool{}
	for i, item := range t.Items {
		name := "*"
		if t.Kind == '{' && !redact.LooksRandom(t.Names[i]) && !redact.LooksPersonal(t.Names[i]) {
			name = jsontree.EscapePointer(t.Names[i])
		}
		f.addAt(path+"/"+name, item)
		names[path+"/"+name] = true
	}
	for name := range names {
		f.seen[name]++
	}
	if t.Kind == '{' {
		f.in[path+"{}"]++
	}
}

// Lines writes a shape: one line for a path, sorted; a ? says that it may be
// missing.
func (f *Shape) Lines() []string {
	var all []string
	for path, types := range f.types {
		line := cmp.Or(path, "/") + " " + strings.Join(slices.Sorted(maps.Keys(types)), "|")
		if !f.isAlwaysThere(path) {
			line += " ?"
		}
		all = append(all, line)
	}
	slices.Sort(all)
	return all
}

// isAlwaysThere says whether a member was there in every object that may have it.
func (f *Shape) isAlwaysThere(path string) bool {
	if path == "" || strings.HasSuffix(path, "/*") {
		return true
	}
	return f.seen[path] == f.in[path[:strings.LastIndexByte(path, '/')]+"{}"]
}

// ShapeDifference says where an answer is not of a recorded shape; empty if it is.
func ShapeDifference(recorded []string, t *jsontree.Node) string {
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
	got := NewShape()
	got.Add(t)
	for _, path := range slices.Sorted(maps.Keys(got.types)) {
		types, ok := want[path]
		if !ok {
			return "there is a new member at " + redact.Printable(path)
		}
		for kind := range got.types[path] {
			if !slices.Contains(strings.Split(types, "|"), kind) {
				return redact.Printable(path) + " is of the type " + kind + ", and was " + types
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(want)) {
		if path == "" || optional[path] || strings.HasSuffix(path, "/*") {
			continue
		}
		parent := path[:strings.LastIndexByte(path, '/')]
		if n := got.in[parent+"{}"]; n > got.seen[path] {
			return redact.Printable(path) + " is missing"
		}
	}
	return ""
}
