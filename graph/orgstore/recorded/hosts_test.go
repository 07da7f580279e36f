package recorded

import (
	"net/url"
	"testing"
)

func TestWhereATokenMayGo(t *testing.T) {
	for _, c := range []struct {
		address string
		want    HostKind
	}{
		{"https://api.powerbi.com/x", ServiceHost},
		{"https://app.powerbi.com/x", ServiceHost},
		{"https://wabi-west-europe-redirect.analysis.windows.net/x", ServiceHost},
		{"https://account.blob.core.windows.net/x?sig=1", StorageHost},

		{"http://api.powerbi.com/x", NoHost},
		{"ftp://api.powerbi.com/x", NoHost},
		{"https:api.powerbi.com/x", NoHost},
		{"//api.powerbi.com/x", NoHost},
		{"/x", NoHost},
		{"https://api.powerbi.com:443/x", NoHost},
		{"https://api.powerbi.com:8443/x", NoHost},
		{"https://api.powerbi.com./x", NoHost},
		{"https://API.powerbi.com/x", NoHost},
		{"https://api.powerbi.com@evil.example/x", NoHost},
		{"https://user@api.powerbi.com/x", NoHost},
		{"https://:@api.powerbi.com/x", NoHost},
		{"https://api.powerbi.com.evil.example/x", NoHost},
		{"https://evil-api.powerbi.com/x", NoHost},
		{"https://a.api.powerbi.com/x", NoHost},
		{"https://analysis.windows.net/x", NoHost},
		{"https://analysis.windows.net.evil.example/x", NoHost},
		{"https://evilanalysis.windows.net/x", NoHost},
		{"https://wabi.evilanalysis.windows.net/x", NoHost},
		{"https://a.b.analysis.windows.net/x", NoHost},
		{"https://.analysis.windows.net/x", NoHost},
		{"https://-a.analysis.windows.net/x", NoHost},
		{"https://a_b.analysis.windows.net/x", NoHost},
		{"https://xn--pwerbi-8ya.analysis.windows.net/x", NoHost},
		{"https://аpi.powerbi.com/x", NoHost}, // the first letter is Cyrillic
		{"https://api.powerbi。com/x", NoHost},
		{"https://api%2epowerbi.com/x", NoHost},
		{"https://20.1.2.3/x", NoHost},
		{"https://[2001:db8::1]/x", NoHost},
		{"https://127.0.0.1/x", NoHost},
		{"https://localhost/x", NoHost},
		{"https://api.powerbi.cn/x", NoHost}, // another cloud's
		{"https://api.powerbigov.us/x", NoHost},
		{"https://a.high.analysis.usgovcloudapi.net/x", NoHost},
		{"https://a.b.blob.core.windows.net/x", NoHost},
		{"https://blob.core.windows.net/x", NoHost},
		{"https://account.blob.core.windows.net.evil.example/x", NoHost},
	} {
		h, err := HostsOf("public", Extra{})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(c.address)
		if err != nil {
			continue // nothing can be sent there
		}
		if got := h.KindOf(u); got != c.want {
			t.Errorf("%s: %d, want %d", c.address, got, c.want)
		}
	}
}

func TestCloudsDoNotMix(t *testing.T) {
	clouds := []string{"public", "gcc", "gcchigh", "dod", "china"}
	for _, name := range clouds {
		known, _ := compiled(name)
		addresses := []string{"https://" + known.exact[0] + "/", "https://wabi-x." + known.under[0] + "/"}
		for _, other := range clouds {
			h, err := HostsOf(other, Extra{})
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range addresses {
				u, _ := url.Parse(a)
				if got := h.KindOf(u) == ServiceHost; got != (name == other) {
					t.Errorf("%s of %s in %s: %v", a, name, other, got)
				}
			}
		}
	}
	for _, name := range []string{"", "moon", "Public"} {
		if _, err := HostsOf(name, Extra{}); err == nil {
			t.Errorf("the cloud %q is known", name)
		}
	}
}

// Whatever a value is, it stays in its place.
func TestValuesStayInTheirPlaces(t *testing.T) {
	h, _ := HostsOf("public", Extra{})
	step := Step{
		Name: "update", Method: "PUT", URL: "https://api.powerbi.com/items/${entry /id}/x?name=${entry /id}&b=1", Token: true,
		Headers: []Pair{{"If-Match", "${entry /id}"}},
		Body:    &Body{JSON: `{"id":"${entry /id}","raw":"${json entry /id}"}`},
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
		sc := sources{entry: &Node{Kind: '{', Names: []string{"id"}, Items: []*Node{{Kind: '"', Text: c.value}}}, answers: map[string]*Answer{}}
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
	h, _ := HostsOf("public", Extra{})
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
		step := Step{Name: "update", Method: "PUT", URL: "${update-1 answer /to}", Token: !c.storage, Storage: c.storage, Expect: Expect{Status: 200}}
		a := &Answer{URL: from, JSON: &Node{Kind: '{', Names: []string{"to"}, Items: []*Node{{Kind: '"', Text: c.given}}}}
		req, err := newRequest(t.Context(), step, h, sources{answers: map[string]*Answer{"update-1": a}})
		switch {
		case err == nil && req.URL.String() != c.want:
			t.Errorf("%q (storage: %v) went to %s", c.given, c.storage, req.URL)
		case err != nil && c.want != "":
			t.Errorf("%q (storage: %v): %v", c.given, c.storage, err)
		}
	}
}
