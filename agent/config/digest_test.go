package config

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/invopop/jsonschema"
)

// Journals hold the digests of settings. One that changes looks like settings that
// somebody changed, so the golden file is not written anew without a reason.
func TestDigestsOfSettings(t *testing.T) {
	var got strings.Builder
	for _, name := range slices.Sorted(maps.Keys(accepted)) {
		s, err := Parse("orgstore.yaml", []byte(accepted[name]))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&got, "%s  %s\n", s.Digest(), name)
	}
	golden := filepath.Join("testdata", "digests.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

// Whatever value of a file is another, the digest is another, but for what decides
// nothing.
func TestEachValueIsInTheDigest(t *testing.T) {
	counted := 0
	for name, written := range accepted {
		f, _, err := parse("orgstore.yaml", []byte(written))
		if err != nil {
			t.Fatal(err)
		}
		before := digestOf(f)
		eachText(reflect.ValueOf(&f).Elem(), givenText{counts: true}, func(x givenText) {
			old := x.v.Convert(textType).Interface().(text)
			x.set(text{old.value + "x", old.node})
			if (digestOf(f) == before) == x.counts {
				t.Errorf("%s: another value of %s counts as %v", name, x.where, !x.counts)
			}
			x.set(old)
			counted++
		})
	}
	if counted < 300 {
		t.Errorf("only %d values were tried", counted)
	}
}

// A givenText is a text that a file gives.
type givenText struct {
	where  string
	v      reflect.Value
	counts bool   // in the digest
	store  func() // puts back what holds it, where that is a copy; may be nil
}

func (x givenText) set(t text) {
	x.v.Set(reflect.ValueOf(t).Convert(x.v.Type()))
	if x.store != nil {
		x.store()
	}
}

// eachText calls visit for each text that a part of a file gives. At says where that
// part is.
func eachText(v reflect.Value, at givenText, visit func(givenText)) {
	in := func(name string) givenText {
		at := at
		at.where += "." + name
		return at
	}
	switch {
	case v.Type() == treeType:
	case v.Type().ConvertibleTo(textType):
		if at.v = v; v.Convert(textType).Interface().(text).given() {
			visit(at)
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			eachText(v.Index(i), in(fmt.Sprint(i)), visit)
		}
	case v.Kind() == reflect.Map:
		for _, name := range v.MapKeys() {
			one := reflect.New(v.Type().Elem()).Elem() // a map's own value cannot be set
			one.Set(v.MapIndex(name))
			at := in(name.String())
			at.store = func() { v.SetMapIndex(name, one) }
			eachText(one, at, visit)
		}
	default:
		for f := range fieldsOf(v.Type()) {
			at := in(f.Tag.Get("yaml"))
			at.counts = at.counts && f.Tag.Get("digest") != "-"
			eachText(v.FieldByIndex(f.Index), at, visit)
		}
	}
}

// What the schema calls a default is what the digest leaves out.
func TestDefaultsOfSchemaAndDigest(t *testing.T) {
	var look func(reflect.Type)
	seen := map[reflect.Type]bool{}
	look = func(owner reflect.Type) {
		for owner.Kind() == reflect.Slice || owner.Kind() == reflect.Map {
			owner = owner.Elem()
		}
		if seen[owner] || owner == treeType || owner.ConvertibleTo(textType) {
			return
		}
		seen[owner] = true
		for f := range fieldsOf(owner) {
			look(f.Type)
			var schema *jsonschema.Schema
			if f.Type.Kind() == reflect.Struct {
				schema = leaves(f.Type)
			}
			if schema == nil || schema.Default == nil || f.Tag.Get("digest") == "-" {
				continue
			}
			if want := fmt.Sprint(schema.Default); f.Tag.Get("default") != want && f.Type != reflect.TypeFor[otherwiseWord]() { // each shipped rule has its own
				t.Errorf("%s of %s has the default %q in the schema and %q in the digest", f.Tag.Get("yaml"), owner, want, f.Tag.Get("default"))
			}
		}
	}
	look(reflect.TypeFor[file]())
	if len(seen) < 20 {
		t.Errorf("only %d parts of the file were looked at", len(seen))
	}
}
