package diff

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/pbiviz"
)

func TestHosts(t *testing.T) {
	for _, c := range []struct {
		name, script string
		want         []string
	}{
		{"plain", `fetch("https://a.example/x")`, []string{"a.example"}},
		{"two", `["https://b.example","http://a.example"]`, []string{"a.example", "b.example"}},
		{"web socket", `new WebSocket("wss://a.example")`, []string{"a.example"}},
		{"upper case", `"HTTPS://A.Example"`, []string{"a.example"}},
		{"slashes escaped", `"https:\/\/a.example\/x"`, []string{"a.example"}},
		{"port", `"https://a.example:8443/"`, []string{"a.example"}},
		{"user", `"https://good.example@evil.example/"`, []string{"evil.example"}},
		{"two users", `"https://a@b@evil.example/"`, []string{"evil.example"}},
		{"root dot", `"https://a.example./"`, []string{"a.example"}},
		{"no scheme", `s.src="//a.example/x.js"`, []string{"a.example"}},
		{"style", `background:url(//a.example/x.png)`, []string{"a.example"}},
		{"local name", `"http://intranet/x"`, []string{"intranet"}},
		{"address", `"http://10.0.0.1/"`, []string{"10.0.0.1"}},
		{"address in brackets", `"http://[2001:DB8::1]:80/"`, []string{"[2001:db8::1]"}},
		{"template", "`https://${region}.api.example/${secret}`", []string{"*.api.example"}},
		{"template throughout", "`https://${host}/x`", []string{"*"}},
		{"other letters", `"https://аurora.example"`, []string{"аurora.example"}},
		{"name of a map's style", `"mapbox://style-name"`, nil},
		{"name of a map's style with a dot", `"mapbox://mapbox.streets-v8"`, nil},
		{"name of a module", `"webpack://aurora.gauge/./src/visual.ts"`, nil},
		{"URL inside a library's URL", `"pmtiles://https://a.example/x.pmtiles"`, []string{"a.example"}},
		{"after an escaped line break", `"see\nhttps://a.example/x"`, []string{"a.example"}},
		{"after other letters", `"xhttps://a.example/x"`, []string{"a.example"}},
		{"name of a namespace", `"http://www.w3.org/2000/svg"`, nil},
		{"comment", "a=1;//see a.example\n", nil},
		{"comment after a label", `default://nothing`, nil},
		{"comment after a bracket", `f(// a.example`, nil},
		{"division", `a=b/c//d.e`, nil},
		{"direction override", "\"https://a\u202e.example\"", nil},
		{"nothing after it", `"https://`, nil},
		{"alone", `//`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := slices.Sorted(maps.Keys(hostsOf(pbiviz.Code{Script: []byte(c.script)})))
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestHostsOfStyleAndExternalScripts(t *testing.T) {
	got := hostsOf(pbiviz.Code{Style: []byte(`@import "https://a.example/x.css"`), External: []string{"https://b.example/x.js"}})
	if want := []string{"a.example", "b.example"}; !slices.Equal(slices.Sorted(maps.Keys(got)), want) {
		t.Errorf("got %v, want %q", got, want)
	}
}

func FuzzHosts(f *testing.F) {
	f.Add(`fetch("https://u@a.example:1/x")`)
	f.Add("`https:\\/\\/${a}.b`")
	f.Fuzz(func(t *testing.T, script string) {
		for h := range hostsOf(pbiviz.Code{Script: []byte(script)}) {
			if h == "" || len(h) > maxHost+2 || strings.ContainsAny(h, "/\"'` \n\x00${}") {
				t.Errorf("%q is not a host", h)
			}
		}
	})
}
