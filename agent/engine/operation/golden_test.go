package operation

import (
	"bytes"
	"encoding"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/orgstore/orgstore/packages/example"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Programs read these members by their names: none is renamed, and none vanishes.
func TestRequestsAndResultsKeepTheirMembers(t *testing.T) {
	for _, d := range All() {
		for _, typ := range []reflect.Type{d.Request, d.Result} {
			t.Run(d.Name+"/"+typ.Name(), func(t *testing.T) { checkGolden(t, typ) })
		}
	}
	t.Run("Answer", func(t *testing.T) { checkGolden(t, reflect.TypeFor[Answer]()) })
}

// checkGolden compares a value with all members filled with its golden file, and
// reads it back: a member that does not go from program to program is lost.
func checkGolden(t *testing.T, typ reflect.Type) {
	t.Helper()
	want := reflect.New(typ)
	fill(t, want.Elem())
	text, err := json.Marshal(want.Interface(), json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	file := filepath.Join("testdata", typ.Name()+".json")
	if *update {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, golden) {
		t.Errorf("%s is not as in %s; if members were added alone, run this with -update:\n%s", typ, file, text)
	}
	again := reflect.New(typ)
	if err := json.Unmarshal(text, again.Interface(), json.RejectUnknownMembers(true)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again.Interface(), want.Interface()) {
		t.Errorf("%s does not survive the way:\n%+v\n%+v", typ, want.Elem(), again.Elem())
	}
}

// fill gives a value to everything in v.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Type() {
	case reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)))
		return
	case reflect.TypeFor[jsontext.Value]():
		v.SetBytes([]byte(`"text"`))
		return
	}
	if text, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := text.UnmarshalText([]byte(example.GaugeGUID)); err != nil {
			t.Fatalf("%s: %v", v.Type(), err)
		}
		return
	}
	fillKind(t, v)
}

func fillKind(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint64:
		v.SetUint(7)
	case reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.Map:
		value := reflect.New(v.Type().Elem()).Elem()
		fill(t, value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("text").Convert(v.Type().Key()), value)
	case reflect.Struct:
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				t.Fatalf("%s has a member that cannot go from program to program: %s", v.Type(), v.Type().Field(i).Name)
			}
			fill(t, v.Field(i))
		}
	default:
		t.Fatalf("%s cannot be filled", v.Type())
	}
}
