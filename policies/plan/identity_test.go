package plan

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/change"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a stored form. A difference is a change of what
// journals hold: give the form another name instead of updating the file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is\n%s\nstored is\n%s", name, got, want)
	}
}

// storedWorld has something in every list and every odd spelling.
func storedWorld() Input {
	in := input("~> 1.4", []Present{foreign(v13)}, v13, v14, v15, v15)
	pilot := gauge("pilot \"north\" <é>")
	in.Wanted = append(in.Wanted, Wanted{pilot, pinned("1.4")})
	in.Present = append(in.Present, Present{Key: pilot, Open: &Open{Step: Step{ID: "st_open"}, Waiting: true}})
	in.Blocks = []Block{
		{Key: gauge("main"), Version: version("1.5.0.0"), Content: v15.Content, Pin: "~> 1.4", Reason: "not part of it"},
		{Key: pilot, Digest: v14.Release.Digest, Pin: "1.4"},
	}
	in.Asks = []Ask{{Key: pilot, Version: version("1.4"), Content: v14.Content, Not: v15.Release.Digest, Reason: "not part of it"}}
	return in
}

func TestStoredForms(t *testing.T) {
	p := Compute(storedWorld())
	golden(t, "basis", append(newIndex(storedWorld()).encodeBasis(), '\n'))
	var steps bytes.Buffer
	for _, s := range p.Steps {
		steps.Write(encodeStep(s))
		steps.WriteString("\n" + string(s.ID) + "\n")
	}
	golden(t, "step", steps.Bytes())
	golden(t, "plan", []byte(string(p.Basis)+"\n"+p.ID+"\n"))
}

func TestStoredFormsAreCanonicalJSON(t *testing.T) {
	for _, b := range [][]byte{newIndex(storedWorld()).encodeBasis(), encodeStep(Compute(storedWorld()).Steps[0])} {
		v := jsontext.Value(bytes.Clone(b))
		if !v.IsValid() {
			t.Fatalf("not JSON: %s", b)
		}
		if err := v.Compact(); err != nil || !bytes.Equal(v, b) {
			t.Errorf("not compact: %s", b)
		}
	}
}

func TestStepID(t *testing.T) {
	step := func() Step {
		return Step{Key: gauge("main"), Kind: change.Upgrade, From: v14.state(), To: v15.state()}
	}
	id := stepID(step())
	if !strings.HasPrefix(string(id), "st_") || len(id) != len("st_")+26 || strings.ToLower(string(id)) != string(id) {
		t.Errorf("the ID %s is no name for a file", id)
	}
	for name, edit := range map[string]func(*Step){
		"store":        func(s *Step) { s.Key.Store = "pilot" },
		"visual":       func(s *Step) { s.Key.GUID = guid("boxplot") },
		"kind":         func(s *Step) { s.Kind = change.Restore },
		"from digest":  func(s *Step) { s.From.Release = &v14r.Release },
		"from license": func(s *Step) { s.From.License.ID = "x" },
		"from access":  func(s *Step) { s.From.Enabled = off() },
		"access known": func(s *Step) { s.From.Enabled = nil },
		"presence":     func(s *Step) { s.From = store.State{Presence: store.Absent} },
		"unknown":      func(s *Step) { s.From = store.State{Presence: store.Unknown} },
		"to version":   func(s *Step) { r := v15.Release; r.Version = version("1.5.1"); s.To.Release = &r },
		"to license":   func(s *Step) { s.To.License.ID = "x" },
		"turned round": func(s *Step) { s.From, s.To = s.To, s.From },
	} {
		s := step()
		if edit(&s); stepID(s) == id {
			t.Errorf("another %s has the same ID", name)
		}
	}
	for name, edit := range map[string]func(*Step){
		"claim":               func(s *Step) { s.From.Claim, s.To.Claim = store.Confirmed, store.Acknowledged },
		"reason":              func(s *Step) { s.Reason.Message = "x" },
		"name":                func(s *Step) { s.Name = "x" },
		"review":              func(s *Step) { s.Review = "x" },
		"way back":            func(s *Step) { s.Back.Possible = true },
		"asked":               func(s *Step) { s.Asked = true },
		"license's other end": func(s *Step) { s.To.License.Ends = date("2040-01-01") },
		"spelling":            func(s *Step) { r := v15.Release; r.Version = version("1.5"); s.To.Release = &r },
	} {
		s := step()
		if edit(&s); stepID(s) != id {
			t.Errorf("another %s has another ID", name)
		}
	}
	if blank, unknown := (store.State{}), (store.State{Presence: store.Unknown}); !bytes.Equal(stateJSON(blank), stateJSON(unknown)) {
		t.Error("a state never written is not an unknown one")
	}
}
