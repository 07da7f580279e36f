package learn_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/learn"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/recordedtest"
	"github.com/orgstore/orgstore/graph/simulator/gallery/gallerytest"
)

const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJ1cG4iOiJjYW5hcnkifQ.c2lnbmF0dXJlLWNhbmFyeQ"

// looksSecret finds what in a recording could be a secret: ids, tokens, mail
// addresses.
var looksSecret = regexp.MustCompile(`[A-Za-z0-9]{28,}|[0-9a-f]{8}-[0-9a-f-]{27}|[\w.]+@[\w.]+\.\w+|eyJ[\w.-]+|canary\w*`)

// secretsIn lists them, without the visuals' own names.
func secretsIn(har []byte, k learn.Known) []string {
	public := []string{recordedtest.Gauge, recordedtest.Tiles, recordedtest.Radar, recordedtest.AppSource, "X7fQ2mLk09aTzRbe"}
	var found []string
	text := strings.NewReplacer(recordedtest.Gauge, "", recordedtest.Tiles, "", recordedtest.Radar, "", recordedtest.AppSource, "").Replace(string(har))
	for _, s := range looksSecret.FindAllString(text, -1) {
		if len(s) < 400 && !slices.Contains(public, s) && !slices.Contains(found, s) && strings.ContainsAny(s, "0123456789@c") && s != "WebKitFormBoundaryX7fQ2mLk09aTzRbe" {
			found = append(found, s)
		}
	}
	return found
}

// plant puts canaries wherever a browser or a portal may put a secret.
func plant(t *testing.T, har []byte) []byte {
	t.Helper()
	var f map[string]any
	if err := json.Unmarshal(har, &f, jsontext.AllowInvalidUTF8(true)); err != nil {
		t.Fatal(err)
	}
	entries := f["log"].(map[string]any)["entries"].([]any)
	for i, e := range entries {
		m := e.(map[string]any)
		for _, side := range []string{"request", "response"} {
			s := m[side].(map[string]any)
			headers, _ := s["headers"].([]any)
			for _, name := range []string{"Authorization", "Cookie", "X-Session-Ticket", "X-Ms-Client-Request-Id", "Referer", "X-Canary"} {
				headers = append(headers, map[string]any{"name": name, "value": fmt.Sprintf("Bearer canary%dof%s; someone%d@contoso.example", i, strings.ReplaceAll(name, "-", ""), i)})
			}
			s["headers"] = headers
			s["cookies"] = []any{map[string]any{"name": "session", "value": fmt.Sprintf("canary%dcookie%s", i, side)}}
		}
		m["_initiator"] = map[string]any{"url": "https://canary0.example/canary1"}
	}
	out, err := json.Marshal(f, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func check(t *testing.T, what, text string, secrets []string) {
	t.Helper()
	for _, s := range secrets {
		if strings.Contains(text, s) {
			t.Errorf("%s holds %q:\n%.2000s", what, s, text)
			return
		}
	}
}

// Nothing secret is ever written down, whatever is missing in the recording.
func TestSecretsStayInTheRecording(t *testing.T) {
	learned, refused := 0, 0
	for _, seed := range []uint64{0, 1, 2, 3, 11} {
		p := recordedtest.NewPortal(t, seed)
		p.Fill(t)
		har, known := p.Record(t, func(b *gallerytest.Browser) { b.RecordsSecrets = true; b.Token = jwt })
		har = plant(t, har)
		secrets := append(secretsIn(har, known), jwt, "someone", "admin@contoso.example", "canary")
		if len(secrets) < 50 {
			t.Fatalf("only %d secrets are in the recording", len(secrets))
		}
		for drop := -1; drop < count(t, har); drop++ {
			r, err := learn.ReadHAR(without(t, har, drop))
			if err != nil {
				t.Fatal(err)
			}
			recipe, notes, err := learn.FromRecording(r, known, p.Hosts(t))
			check(t, "the notes", fmt.Sprint(notes), secrets)
			if err != nil {
				check(t, "the error", fmt.Sprintf("%v %+v", err, err), secrets)
				if drop < 0 {
					t.Errorf("seed %d: %v", seed, err)
				}
				refused++
				continue
			}
			learned++
			check(t, "the recipe", string(recipe.YAML()), secrets)
		}
	}
	if learned < 10 || refused < 10 {
		t.Errorf("%d were learned, %d refused", learned, refused)
	}
}

func count(t *testing.T, har []byte) int {
	t.Helper()
	r, err := learn.ReadHAR(har)
	if err != nil {
		t.Fatal(err)
	}
	return r.Len()
}

// without leaves one entry of a recording out.
func without(t *testing.T, har []byte, drop int) []byte {
	t.Helper()
	if drop < 0 {
		return har
	}
	return edit(t, har, func(entries []any) []any { return slices.Delete(entries, drop, drop+1) })
}

// edit changes a recording's entries.
func edit(t *testing.T, har []byte, change func([]any) []any) []byte {
	t.Helper()
	var f map[string]any
	if err := json.Unmarshal(har, &f, jsontext.AllowInvalidUTF8(true)); err != nil {
		t.Fatal(err)
	}
	log := f["log"].(map[string]any)
	log["entries"] = change(log["entries"].([]any))
	out, err := json.Marshal(f, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		t.Fatal(err)
	}
	return out
}
