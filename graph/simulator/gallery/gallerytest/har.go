package gallerytest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

type pair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type postData struct {
	Type string `json:"mimeType"`
	Text string `json:"text"`
}

type entry struct {
	Started  string `json:"startedDateTime"`
	Time     int    `json:"time"`
	Kind     string `json:"_resourceType"`
	Priority string `json:"_priority"`
	Request  struct {
		Method      string    `json:"method"`
		URL         string    `json:"url"`
		HTTPVersion string    `json:"httpVersion"`
		Headers     []pair    `json:"headers"`
		Query       []pair    `json:"queryString"`
		Cookies     []pair    `json:"cookies"`
		HeadersSize int       `json:"headersSize"`
		BodySize    int       `json:"bodySize"`
		PostData    *postData `json:"postData,omitempty"`
	} `json:"request"`
	Response struct {
		Status      int    `json:"status"`
		StatusText  string `json:"statusText"`
		HTTPVersion string `json:"httpVersion"`
		Headers     []pair `json:"headers"`
		Cookies     []pair `json:"cookies"`
		Content     struct {
			Size int    `json:"size"`
			Type string `json:"mimeType"`
			Text string `json:"text,omitempty"`
		} `json:"content"`
		Redirect string `json:"redirectURL"`
	} `json:"response"`
}

func (b *Browser) recordCall(kind string, req *http.Request, size int, post *postData, resp *http.Response, answer []byte) {
	b.clock = b.clock.Add(137 * time.Millisecond)
	var e entry
	e.Started, e.Time, e.Kind, e.Priority = b.clock.Format("2006-01-02T15:04:05.000Z"), 41, kind, "High"
	e.Request.Method, e.Request.URL, e.Request.HTTPVersion = req.Method, req.URL.String(), "h2"
	e.Request.Headers = append([]pair{{":authority", req.URL.Host}, {":method", req.Method}}, b.headerPairs(req.Header)...)
	e.Request.Headers = append(e.Request.Headers, pair{"sec-fetch-mode", "cors"}, pair{"user-agent", "Mozilla/5.0"}, pair{"origin", b.Base})
	if size > 0 {
		e.Request.Headers = append(e.Request.Headers, pair{"content-length", strconv.Itoa(size)})
	}
	e.Request.HeadersSize, e.Request.BodySize, e.Request.PostData = -1, size, post
	e.Response.Status, e.Response.HTTPVersion = resp.StatusCode, "h2"
	e.Response.Headers = b.headerPairs(resp.Header)
	if resp.Header.Get("Set-Cookie") != "" { // also without cookies, or nothing could be learned
		e.Response.Headers = append(e.Response.Headers, pair{"set-cookie", resp.Header.Get("Set-Cookie")})
	}
	e.Response.Content.Size, e.Response.Content.Text = len(answer), string(answer)
	e.Response.Content.Type = resp.Header.Get("Content-Type")
	b.entries = append(b.entries, e)
}

func (b *Browser) headerPairs(h http.Header) []pair {
	var all []pair
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if name == "Set-Cookie" || !b.RecordsSecrets && (name == "Authorization" || name == "Cookie") {
			continue
		}
		all = append(all, pair{name, h.Get(name)})
	}
	return all
}

// recordNoise records what any page sends besides what matters.
func (b *Browser) recordNoise() {
	for _, n := range []struct{ kind, method, address, mime, body string }{
		{"script", "GET", b.Base + "/bundle.js", "text/javascript", ""},
		{"image", "GET", b.Base + "/logo.png", "image/png", ""},
		{"fetch", "POST", "https://telemetry.example/v2/track", "application/json", `{"user":"someone@contoso.example"}`},
		{"fetch", "POST", b.Base + "/telemetry/events", "application/json", `{"page":"visuals","session":"f81d4fae-7dec-11d0-a765-00a0c91e6bf6"}`},
		{"preflight", "OPTIONS", b.Base + "/metadata", "", ""},
	} {
		b.clock = b.clock.Add(11 * time.Millisecond)
		var e entry
		e.Started, e.Kind = b.clock.Format("2006-01-02T15:04:05.000Z"), n.kind
		e.Request.Method, e.Request.URL, e.Request.BodySize = n.method, n.address, len(n.body)
		if n.body != "" {
			e.Request.PostData = &postData{n.mime, n.body}
		}
		e.Response.Status, e.Response.Content.Type = 200, n.mime
		b.entries = append(b.entries, e)
	}
}

// HAR returns the recording so far.
func (b *Browser) HAR() []byte {
	log := map[string]any{"log": map[string]any{
		"version": "1.2", "creator": map[string]string{"name": "WebInspector", "version": "537.36"}, "pages": []any{}, "entries": b.entries,
	}}
	out, err := json.Marshal(log, jsontext.AllowInvalidUTF8(true), json.Deterministic(true))
	if err != nil {
		panic(fmt.Sprint("a recording cannot be written: ", err))
	}
	return out
}
