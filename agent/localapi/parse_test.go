package localapi

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

const usual = `{"settings":"sha256:1","command":"approve","flags":[{"name":"reason","value":"tried"}],"args":["st_1"],"terminal":true,"agreed":[]}`

// crafted are requests that say who asks, or are no requests.
var crafted = map[string]string{
	"an actor":         strings.Replace(usual, `{"settings"`, `{"actor":{"name":"root","id":"0"},"settings"`, 1),
	"a uid":            strings.Replace(usual, `{"settings"`, `{"uid":0,"settings"`, 1),
	"a flag's owner":   strings.Replace(usual, `"value":"tried"`, `"value":"tried","uid":0`, 1),
	"a member twice":   strings.Replace(usual, `"args"`, `"command":"plan","args"`, 1),
	"a member in caps": strings.Replace(usual, `"command"`, `"Command"`, 1),
	"two requests":     usual + usual,
	"nothing":          "",
	"a list":           "[]",
	"a number":         strings.Replace(usual, `"approve"`, `7`, 1),
	"no UTF-8":         strings.Replace(usual, `tried`, "tr\xff\xfed", 1),
	"too long":         strings.Replace(usual, `tried`, strings.Repeat("x", maxRequest), 1),
	"deep":             strings.Repeat("[", 60000),
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
		if err == nil && len(q.Flags)+len(q.Args)+len(q.Agreed) > 0 && !reflect.DeepEqual(normal(p), normal(q)) {
			t.Errorf("%+v became %+v", q, p)
		}
	})
}

// normal takes an empty list for none.
func normal(q Request) Request {
	q.Flags, q.Args, q.Agreed = append([]Flag{}, q.Flags...), append([]string{}, q.Args...), append([]string{}, q.Agreed...)
	return q
}
