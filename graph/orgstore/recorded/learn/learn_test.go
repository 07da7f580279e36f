package learn_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/learn"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/recordedtest"
	"github.com/orgstore/orgstore/graph/simulator/gallery/gallerytest"
)

func request(e any) map[string]any { return e.(map[string]any)["request"].(map[string]any) }

func answerOf(e any) map[string]any { return e.(map[string]any)["response"].(map[string]any) }

func path(e any) string { return request(e)["url"].(string) }

// What cannot be understood wholly is refused, and the refusal says what.
func TestWhatIsNotUnderstoodIsRefused(t *testing.T) {
	lists := func(entries []any, list string) []int {
		var at []int
		for i, e := range entries {
			if strings.Contains(path(e), list) && request(e)["method"] == "GET" {
				at = append(at, i)
			}
		}
		return at
	}
	for _, c := range []struct {
		name, code string
		edit       func(entries []any, list string) []any
	}{
		{"no list before", "recorded.learn", func(es []any, list string) []any {
			i := slices.IndexFunc(es, func(e any) bool { return request(e)["method"] == "PATCH" })
			return es[i:]
		}},
		{"no list after", "recorded.learn", func(es []any, list string) []any {
			i := slices.IndexFunc(es, func(e any) bool { return request(e)["method"] == "PATCH" })
			return es[:i+1]
		}},
		{"no update", "recorded.learn", func(es []any, _ string) []any {
			return slices.DeleteFunc(es, func(e any) bool { return request(e)["method"] == "PATCH" })
		}},
		{"updated twice", "recorded.ambiguous", func(es []any, list string) []any {
			i := slices.IndexFunc(es, func(e any) bool { return request(e)["method"] == "PATCH" })
			return slices.Concat(es[:i+1], []any{es[lists(es, list)[0]]}, es[i:])
		}},
		{"answers without content", "recorded.learn", func(es []any, _ string) []any {
			for _, e := range es {
				answerOf(e)["content"] = map[string]any{"size": 0, "mimeType": ""}
			}
			return es
		}},
		{"a guard that nobody gave", "recorded.unknown", func(es []any, list string) []any {
			for _, i := range lists(es, list) {
				answerOf(es[i])["headers"] = []any{map[string]any{"name": "Content-Type", "value": "application/json"}}
			}
			return es
		}},
		{"an id that nobody gave", "recorded.unknown", func(es []any, _ string) []any {
			for _, e := range es {
				if request(e)["method"] == "PATCH" {
					request(e)["url"] = path(e) + "&session=9f86d081884c7d659a2feaa0c55ad015"
				}
			}
			return es
		}},
		{"the address of a person", "recorded.secret", func(es []any, _ string) []any {
			for _, e := range es {
				if request(e)["method"] == "PATCH" {
					request(e)["url"] = path(e) + "&for=someone%40contoso.example"
				}
			}
			return es
		}},
		{"a short secret", "recorded.secret", func(es []any, _ string) []any {
			for _, e := range es {
				if request(e)["method"] == "PATCH" {
					request(e)["url"] = path(e) + "&token=abc"
				}
			}
			return es
		}},
		{"another list with the same visual", "recorded.ambiguous", func(es []any, list string) []any {
			for _, i := range lists(es, list) {
				copied := map[string]any{"startedDateTime": es[i].(map[string]any)["startedDateTime"], "response": answerOf(es[i]), "request": map[string]any{
					"method": "GET", "url": strings.Replace(path(es[i]), list, "/private/v2/other", 1), "headers": []any{},
				}}
				es = append(es, copied)
			}
			return es
		}},
		{"a host of somebody else", "recorded.learn", func(es []any, _ string) []any {
			for _, e := range es {
				request(e)["url"] = strings.Replace(path(e), "https://127.0.0.1", "https://evil.example", 1)
			}
			return es
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := recordedtest.NewPortal(t, 11) // PATCH of base64, guarded by a header that the list gives
			p.Fill(t)
			har, known := p.Record(t)
			known.Added, known.Access = nil, false
			list, _, _ := strings.Cut(p.Shape().Calls["list"].URL, "?")
			r, err := learn.ReadHAR(edit(t, har, func(es []any) []any { return c.edit(es, list) }))
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = learn.FromRecording(r, known, p.Hosts(t))
			if recordedtest.CodeOf(err) != c.code {
				t.Errorf("got %v (%s), want %s", err, recordedtest.CodeOf(err), c.code)
			}
		})
	}
}

// An update that did not change the version teaches which member it is all the
// same, if one has the package's version; otherwise the note says what to record.
func TestTheVersionOfAnUpdateThatDidNotChangeIt(t *testing.T) {
	same := func(e map[string]any, in string) map[string]any {
		if inner, ok := e[in].(map[string]any); ok {
			return inner
		}
		return e
	}
	for seed := range uint64(20) {
		for _, c := range []struct {
			name, more, note string
		}{
			{"one member has it", "", "is taken for it"},
			{"another has it, too", "schemaVersion", "record an update to another version"},
			{"another has it that is called otherwise", "release", "is taken for it"},
		} {
			p := recordedtest.NewPortal(t, seed)
			p.Fill(t)
			shape := p.Shape()
			har, known := p.Record(t)
			known.Added, known.Access = nil, false
			list, _, _ := strings.Cut(shape.Calls["list"].URL, "?")
			har = edit(t, har, func(es []any) []any {
				for _, e := range es {
					if strings.Contains(path(e), list) && request(e)["method"] == shape.Calls["list"].Method {
						editEntries(t, e, shape.Envelope, func(entry map[string]any) {
							inner := same(entry, shape.Inner)
							if _, shows := inner[shape.Names["version"]]; shows && strings.HasPrefix(fmt.Sprint(inner[shape.Names["guid"]]), recordedtest.Gauge) {
								inner[shape.Names["version"]] = "1.1.0.0"
							}
							if c.more != "" {
								entry[c.more] = "1.1.0.0"
							}
						})
					}
				}
				return es
			})
			r, err := learn.ReadHAR(har)
			if err != nil {
				t.Fatal(err)
			}
			learned, notes, err := learn.FromRecording(r, known, p.Hosts(t))
			if err != nil {
				t.Errorf("%d %s: %v", seed, c.name, err)
				continue
			}
			said := fmt.Sprint(notes)
			switch {
			case !shape.ShowsVersion && c.more == "":
				if learned.List.Version != "" || !strings.Contains(said, "does not show which version") {
					t.Errorf("%d %s: %q, %s", seed, c.name, learned.List.Version, said)
				}
			case shape.ShowsVersion && !strings.Contains(said, c.note):
				t.Errorf("%d %s: %s", seed, c.name, said)
			case shape.ShowsVersion && (learned.List.Version != "") != (c.more != "schemaVersion"):
				t.Errorf("%d %s: %q is the version", seed, c.name, learned.List.Version)
			}
		}
	}
}

// editEntries edits each entry of a list that was answered.
func editEntries(t *testing.T, e any, envelope []string, change func(map[string]any)) {
	t.Helper()
	content := answerOf(e)["content"].(map[string]any)
	text, ok := content["text"].(string)
	if !ok {
		return
	}
	if content["encoding"] == "base64" {
		plain, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		text = string(plain)
		delete(content, "encoding")
	}
	var all any
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	at := all
	for _, name := range envelope {
		at = at.(map[string]any)[name]
	}
	for _, entry := range at.([]any) {
		change(entry.(map[string]any))
	}
	plain, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	content["text"] = string(plain)
}

// Browsers write recordings in several ways.
func TestBrowsersDiffer(t *testing.T) {
	for seed := range uint64(20) {
		p := recordedtest.NewPortal(t, seed)
		if p.Shape().Calls["update"].Kind != "multipart" {
			continue
		}
		for _, c := range []struct {
			name string
			edit func(e any)
		}{
			{"parts as params", func(e any) {
				post, ok := request(e)["postData"].(map[string]any)
				if !ok || !strings.HasPrefix(post["mimeType"].(string), "multipart/") {
					return
				}
				post["params"] = paramsOf(post["text"].(string))
				delete(post, "text")
			}},
			{"answers in base64", func(e any) {
				content := answerOf(e)["content"].(map[string]any)
				if text, ok := content["text"].(string); ok {
					content["text"], content["encoding"] = base64Of(text), "base64"
				}
			}},
			{"no sizes", func(e any) { request(e)["bodySize"] = -1; request(e)["headersSize"] = -1 }},
			{"more members", func(e any) { e.(map[string]any)["_other"] = []any{1, nil, "x"} }},
		} {
			t.Run(fmt.Sprint(seed, " ", c.name), func(t *testing.T) {
				p := recordedtest.NewPortal(t, seed)
				p.Fill(t)
				har, known := p.Record(t, func(b *gallerytest.Browser) { b.KeepsBodies = false })
				har = edit(t, har, func(es []any) []any {
					for _, e := range es {
						c.edit(e)
					}
					return es
				})
				r, err := learn.ReadHAR(har)
				if err != nil {
					t.Fatal(err)
				}
				if _, _, err := learn.FromRecording(r, known, p.Hosts(t)); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestWhatIsNoRecording(t *testing.T) {
	for _, text := range []string{"", "{}", "[]", "<html>", `{"log":{}}`, `{"log":{"version":"1.2","entries":[]}}`, `{"log":{"version":"2.0","entries":[{}]}}`, "PK\x03\x04", `{"log":` + strings.Repeat("[", 100_000)} {
		if _, err := learn.ReadHAR([]byte(text)); recordedtest.CodeOf(err) != "recorded.har" {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	if _, err := learn.ReadHAR(bytes.Repeat([]byte(" "), learn.MaxHAR+1)); recordedtest.CodeOf(err) != "recorded.har" {
		t.Errorf("too large: %v", err)
	}
}

func base64Of(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// paramsOf turns a multipart body into the params of HAR.
func paramsOf(body string) []any {
	var all []any
	for text := range strings.SplitSeq(body, "------WebKitFormBoundaryX7fQ2mLk09aTzRbe") {
		head, value, ok := strings.Cut(text, "\r\n\r\n")
		if !ok {
			continue
		}
		_, params, _ := mime.ParseMediaType(strings.TrimPrefix(strings.Split(strings.TrimSpace(head), "\r\n")[0], "Content-Disposition: "))
		p := map[string]any{"name": params["name"], "value": strings.TrimSuffix(value, "\r\n")}
		if params["filename"] != "" {
			p["fileName"], p["contentType"], p["value"] = params["filename"], "application/octet-stream", "(binary)"
		}
		all = append(all, p)
	}
	return all
}

func FuzzReadHAR(f *testing.F) {
	p := recordedtest.NewPortal(f, 2)
	p.Fill(f)
	har, known := p.Record(f)
	f.Add(har)
	f.Add([]byte(`{"log":{"version":"1.2","entries":[{"request":{"method":"GET","url":"https://api.powerbi.com/"}}]}}`))
	h := p.Hosts(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := learn.ReadHAR(b)
		if err != nil {
			return
		}
		learned, _, err := learn.FromRecording(r, known, h)
		if err != nil {
			return
		}
		if _, err := recipe.Parse("again", learned.YAML(), h); err != nil {
			t.Error(err)
		}
	})
}
