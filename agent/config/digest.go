package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"
)

// digestForm is the number of the form below. A file keeps its digest as long as it
// stays the same: journals hold digests, and programs compare them.
const digestForm = "orgstore settings 2\n"

// digestOf returns sha256: and the digest of what a checked file says. Comments,
// quotes, and the order of keys do not change it, nor does moving the file: paths and
// pins count as they are written. What a new version of the program adds to the file
// is left out where the file does not have it, so that a file keeps its digest.
//
// The struct tags of the file say the rest. A value that equals the tag default is
// left out, digest:"-" decides nothing, and lists count by what is in them but for
// those with digest:"ordered".
func digestOf(f file) string {
	said, _ := saidBy(reflect.ValueOf(f), "")
	text, _ := json.Marshal(said) // maps, lists, and texts always encode; keys are sorted
	sum := sha256.Sum256(append([]byte(digestForm), text...))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// saidBy returns what a part of the file says, as maps, lists, and texts; false where
// it says nothing but defaults.
func saidBy(v reflect.Value, tag reflect.StructTag) (any, bool) {
	switch {
	case tag.Get("digest") == "-":
		return nil, false
	case v.Type().ConvertibleTo(textType):
		return saidByText(v, tag.Get("default"))
	case v.Kind() == reflect.Slice:
		return saidByList(v, tag.Get("digest") == "ordered")
	case v.Kind() == reflect.Map:
		all := map[string]any{}
		for _, name := range v.MapKeys() {
			all[name.String()], _ = saidBy(v.MapIndex(name), "")
		}
		return all, len(all) > 0
	}
	all := map[string]any{}
	for f := range fieldsOf(v.Type()) {
		if said, ok := saidBy(v.FieldByIndex(f.Index), f.Tag); ok {
			all[f.Tag.Get("yaml")] = said
		}
	}
	return all, len(all) > 0
}

func saidByText(v reflect.Value, otherwise string) (any, bool) {
	t := v.Convert(textType).Interface().(text)
	if !t.given() {
		return nil, false
	}
	said := normalized(v.Type(), t.value)
	return said, otherwise == "" || said != normalized(v.Type(), otherwise)
}

func saidByList(v reflect.Value, ordered bool) (any, bool) {
	all := []json.RawMessage{}
	for i := range v.Len() {
		said, _ := saidBy(v.Index(i), "") // an item counts even if it says nothing but defaults
		text, _ := json.Marshal(said)
		all = append(all, text)
	}
	if !ordered {
		slices.SortFunc(all, func(a, b json.RawMessage) int { return bytes.Compare(a, b) })
	}
	return all, len(all) > 0
}

// normalized returns a text as all texts of the same meaning are written: ids in lower
// case, times in one unit.
func normalized(t reflect.Type, s string) string {
	switch t {
	case reflect.TypeFor[tenantID](), reflect.TypeFor[clientID]():
		return strings.ToLower(s)
	case reflect.TypeFor[windowLength]():
		return normalizedLength(s)
	case reflect.TypeFor[period](), reflect.TypeFor[remindPeriod](), reflect.TypeFor[escalatePeriod](), reflect.TypeFor[termPeriod](), reflect.TypeFor[unreachablePeriod](), reflect.TypeFor[checkPeriod](), reflect.TypeFor[roundPeriod]():
		if d, ok := parsePeriod(s); ok {
			return d.String()
		}
	}
	return s
}

// normalizedLength returns how long a window lasts as all texts of the same meaning are
// written. 5d and 120h differ; 5d is written as it was before they did, so that files
// with days, which are the most, keep their digest.
func normalizedLength(s string) string {
	d, ok := parsePeriod(s)
	switch {
	case !ok:
		return s
	case !inDays(s) && d%(24*time.Hour) == 0:
		return d.String() + " elapsed"
	}
	return d.String()
}
