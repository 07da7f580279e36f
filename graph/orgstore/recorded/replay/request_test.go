package replay

import (
	"net/url"
	"testing"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/jsontree"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
)

// Whatever a value is, it stays in its place.
func TestValuesStayInTheirPlaces(t *testing.T) {
	h, _ := recipe.HostsOf("public", recipe.Extra{})
	step := recipe.Step{
		Name: "update", Method: "PUT", URL: "https://api.powerbi.com/items/${entry /id}/x?name=${entry /id}&b=1", Token: true,
		Headers: []recipe.Pair{{Name: "If-Match", Value: "${entry /id}"}},
		Body:    &recipe.Body{JSON: `{"id":"${entry /id}","raw":"${json entry /id}"}`},
	}
	for _, c := range []struct{ value, path, json string }{
		{"a/../../b", "/items/a%2F..%2F..%2Fb/x", `{"id":"a/../../b","raw":"a/../../b"}`},
		{`?x#y&z=";`, "/items/%3Fx%23y&z=%22%3B/x", `{"id":"?x#y&z=\";","raw":"?x#y&z=\";"}`},
		{"@evil.example", "/items/@evil.example/x", `{"id":"@evil.example","raw":"@evil.example"}`},
		{"${entry /id}", "/items/$%7Bentry%20%2Fid%7D/x", `{"id":"${entry /id}","raw":"${entry /id}"}`},
		{`\`, "/items/%5C/x", `{"id":"\\","raw":"\\"}`},
		{"..", "", ""},
		{".", "", ""},
		{"", "", ""},
		{"a\r\nAuthorization: Bearer x", "", ""},
		{"a\x00b", "", ""},
	} {
		sc := sources{entry: &jsontree.Node{Kind: '{', Names: []string{"id"}, Items: []*jsontree.Node{{Kind: '"', Text: c.value}}}, answers: map[string]*recipe.Answer{}}
		req, err := newRequest(t.Context(), step, h, sc)
		switch {
		case c.path == "":
			if err == nil {
				t.Errorf("%q was sent to %s", c.value, req.URL)
			}
		case err != nil:
			t.Errorf("%q: %v", c.value, err)
		case req.URL.EscapedPath() != c.path || req.URL.Host != "api.powerbi.com" || req.URL.Query().Get("name") != c.value || req.URL.Query().Get("b") != "1":
			t.Errorf("%q was sent to %s", c.value, req.URL)
		default:
			got := make([]byte, req.ContentLength)
			_, _ = req.Body.Read(got)
			if string(got) != c.json {
				t.Errorf("%q became %s", c.value, got)
			}
		}
	}
}

func TestAddressesThatAnswersGive(t *testing.T) {
	h, _ := recipe.HostsOf("public", recipe.Extra{})
	from, _ := url.Parse("https://api.powerbi.com/items/uploads")
	for _, c := range []struct {
		given   string
		storage bool
		want    string // empty: refused
	}{
		{"/uploads/1", false, "https://api.powerbi.com/uploads/1"},
		{"1/bytes?x=2", false, "https://api.powerbi.com/items/1/bytes?x=2"},
		{"https://api.powerbi.com/uploads/1", false, "https://api.powerbi.com/uploads/1"},
		{"https://app.powerbi.com/uploads/1", false, ""},
		{"https://evil.example/uploads/1", false, ""},
		{"https://api.powerbi.com@evil.example/", false, ""},
		{"https://api.powerbi.com:444/", false, ""},
		{"//evil.example/x", false, ""},
		{`\\evil.example\x`, false, ""},
		{`/\evil.example/x`, false, ""},
		{"http://api.powerbi.com/uploads/1", false, ""},
		{"javascript:alert(1)", false, ""},
		{"https://account.blob.core.windows.net/x?sig=1", false, ""},
		{"/uploads/1\r\nX-Evil: 1", false, ""},
		{"/uploads/1 x", false, ""},
		{"https://account.blob.core.windows.net/x?sig=1", true, "https://account.blob.core.windows.net/x?sig=1"},
		{"https://account.blob.core.windows.net.evil.example/x?sig=1", true, ""},
		{"https://api.powerbi.com/x", true, ""},
		{"https://evil.example/x", true, ""},
	} {
		step := recipe.Step{Name: "update", Method: "PUT", URL: "${update-1 answer /to}", Token: !c.storage, Storage: c.storage, Expect: recipe.Expect{Status: 200}}
		a := &recipe.Answer{URL: from, JSON: &jsontree.Node{Kind: '{', Names: []string{"to"}, Items: []*jsontree.Node{{Kind: '"', Text: c.given}}}}
		req, err := newRequest(t.Context(), step, h, sources{answers: map[string]*recipe.Answer{"update-1": a}})
		switch {
		case err == nil && req.URL.String() != c.want:
			t.Errorf("%q (storage: %v) went to %s", c.given, c.storage, req.URL)
		case err != nil && c.want != "":
			t.Errorf("%q (storage: %v): %v", c.given, c.storage, err)
		}
	}
}
