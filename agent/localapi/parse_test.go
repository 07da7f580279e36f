package localapi

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

const usual = `{"settings":"sha256:1","operation":"decide","request":{"subject":"st_1","reason":"tried"}}`

// crafted are requests that say who asks, or are no requests.
var crafted = map[string]string{
	"an actor":             strings.Replace(usual, `{"settings"`, `{"actor":{"name":"root","id":"0"},"settings"`, 1),
	"a uid":                strings.Replace(usual, `{"settings"`, `{"uid":0,"settings"`, 1),
	"a member twice":       strings.Replace(usual, `"request"`, `"operation":"plan","request"`, 1),
	"a member twice below": strings.Replace(usual, `"reason"`, `"subject":"st_2","reason"`, 1),
	"a member in caps":     strings.Replace(usual, `"operation"`, `"Operation"`, 1),
	"a command line":       `{"settings":"sha256:1","command":"approve","flags":[],"args":["st_1"],"terminal":true,"agreed":[]}`,
	"two requests":         usual + usual,
	"nothing":              "",
	"a list":               "[]",
	"a number":             strings.Replace(usual, `"decide"`, `7`, 1),
	"no UTF-8":             strings.Replace(usual, `tried`, "tr\xff\xfed", 1),
	"too long":             strings.Replace(usual, `tried`, strings.Repeat("x", maxRequest), 1),
	"deep":                 strings.Repeat("[", 60000),
}

func TestCraftedRequestsAreRefused(t *testing.T) {
	if _, err := parse(strings.NewReader(usual)); err != nil {
		t.Fatal(err)
	}
	for name, text := range crafted {
		if q, err := parse(strings.NewReader(text)); err == nil {
			t.Errorf("%s: taken as %+v", name, q)
		}
	}
}

// What is taken for a request is written as the same request, whatever it was
// written as before.
func FuzzParse(f *testing.F) {
	f.Add([]byte(usual))
	for _, text := range crafted {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		q, err := parse(bytes.NewReader(text))
		if err != nil {
			return
		}
		again, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		p, err := parse(bytes.NewReader(again))
		if err != nil && len(again) <= maxRequest {
			t.Fatalf("%s: %v", again, err)
		}
		if err == nil && (p.Settings != q.Settings || p.Operation != q.Operation) {
			t.Errorf("%+v became %+v", q, p)
		}
	})
}
