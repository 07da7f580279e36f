package diff_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/diff"
	"github.com/orgstore/orgstore/packages/example"
)

var update = flag.Bool("update", false, "write the golden files again")

// TestFixtures compares the example vendor's real packages; the golden files
// are what "package diff" gives other programs.
func TestFixtures(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to []byte
	}{
		{"gauge-1.0.0-to-1.4.0.0", example.Gauge(example.Gauge100), example.Gauge(example.Gauge1400)},
		{"gauge-1.4.0.0-to-1.4.0.0", example.Gauge(example.Gauge1400), example.Gauge(example.Gauge1400)},
		{"gauge-1.4.0.0-to-1.4.0.0-recut", example.Gauge(example.Gauge1400), example.Gauge(example.Gauge1400Recut)},
		{"gauge-1.4.0.0-to-1.4.1.0", example.Gauge(example.Gauge1400), example.Gauge(example.Gauge1410)},
		{"gauge-1.4.1.0-to-1.5.0.0", example.Gauge(example.Gauge1410), example.Gauge(example.Gauge1500)},
		{"gauge-1.5.0.0-to-1.6.0.0", example.Gauge(example.Gauge1500), example.Gauge(example.Gauge1600)},
		{"gauge-1.6.0.0-to-2.0.0.0", example.Gauge(example.Gauge1600), example.Gauge(example.Gauge2000)},
		{"gauge-2.0.0.0-to-1.4.0.0", example.Gauge(example.Gauge2000), example.Gauge(example.Gauge1400)},
		{"timeline-2.0.0.0-to-2.1.0.0", example.Timeline(example.Timeline2000), example.Timeline(example.Timeline2100)},
		{"gauge-1.4.0.0-to-timeline-2.0.0.0", example.Gauge(example.Gauge1400), example.Timeline(example.Timeline2000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := json.MarshalIndent(diff.Compare(open(t, c.from), open(t, c.to)), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", c.name+".golden")
			if *update {
				if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if string(got)+"\n" != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestJSONFields holds the field names that other programs read, and that a
// list is an array even if there is nothing in it.
func TestJSONFields(t *testing.T) {
	p := open(t, pkg{}.Bytes())
	text, err := json.Marshal(diff.Compare(p, p))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"class":"identical"`, `"findings":[]`, `"privileges":{"added":[],"removed":[]}`,
		`"data_roles":{"added":[],"removed":[],"changed":[]}`, `"properties":{"added":[],"removed":[],"changed":[]}`,
		`"hosts":{"added":[],"removed":[]}`, `"api_version":{"from":"5.3.0","to":"5.3.0"}`,
		`"version":"1.0.0.0","digest":"sha256:`, `"content_digest":"h1:`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
}

// TestNothingSecretIsRepeated puts a canary wherever a package keeps text that
// must not leave it.
func TestNothingSecretIsRepeated(t *testing.T) {
	const canary = "CANARY"
	from := pkg{}
	to := pkg{
		Script:       "var key='" + canary + "';fetch(`https://${'" + canary + "'}.a.example/" + canary + "`);fetch('https://" + canary + ":" + canary + "@b.example/?" + canary + "')",
		Style:        "." + canary + "{}",
		Strings:      `{"en-US":{"` + canary + `":"` + canary + `"}}`,
		IconData:     canary,
		Statement:    []byte(canary),
		Capabilities: changedCapabilities(t, `"type": {"bool": true}`, `"type": {"enumeration": [{"value": "`+canary+`"}]}`, `"supportsHighlight": true`, `"supportsHighlight": "`+canary+`"`),
		Extra:        map[string][]byte{"resources/key.txt": []byte(canary)},
	}
	text, err := json.Marshal(diff.Compare(open(t, from.Bytes()), open(t, to.Bytes())))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(strings.ToUpper(string(text)), canary) {
		t.Errorf("the diff repeats what the package keeps: %s", text)
	}
}

func TestMessagesAreSafeToPrint(t *testing.T) {
	name := "a\u202e\x1b[31m" + strings.Repeat("x", 200)
	quoted, err := json.Marshal(name)
	if err != nil {
		t.Fatal(err)
	}
	to := pkg{Capabilities: changedCapabilities(t, `"name": "category"`, `"name": `+string(quoted), `"show":`, string(quoted)+`:`)}
	for _, f := range diff.Compare(open(t, pkg{}.Bytes()), open(t, to.Bytes())).Findings {
		if strings.ContainsAny(f.Message, "\u202e\x1b\n") || len(f.Message) > 400 {
			t.Errorf("%q is not safe to print", f.Message)
		}
	}
}

func TestFindingsComeHardestFirst(t *testing.T) {
	d := diff.Compare(open(t, example.Gauge(example.Gauge1400)), open(t, example.Timeline(example.Timeline2000)))
	order := []diff.Severity{diff.Breaking, diff.Security, diff.Note}
	if !slices.IsSortedFunc(d.Findings, func(a, b diff.Finding) int {
		return slices.Index(order, a.Severity) - slices.Index(order, b.Severity)
	}) {
		t.Errorf("findings are not sorted: %q", findingCodes(d))
	}
	if !d.Any(diff.Breaking) || d.Any(diff.Security) || !d.Has("diff.guid") || d.Has("diff.author") {
		t.Errorf("Any and Has do not say what is found: %q", findingCodes(d))
	}
}
