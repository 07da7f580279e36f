package gallerytest

import (
	"bytes"
	"embed"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"
)

//go:embed chromium/*.mjs
var scripts embed.FS

// A Visit is one session of a person at the page, in a real browser.
type Visit struct {
	Page string `json:"page"` // the page's address
	HAR  string `json:"har"`  // the file for the recording; empty: none
	// Sanitized leaves tokens and cookies out of the recording.
	Sanitized bool     `json:"sanitized"`
	Actions   []Action `json:"acts"`
}

// An Action is one thing that the person does: update, add, access (which
// switches it), or export.
type Action struct {
	Kind        string `json:"do"`
	Name        string `json:"name"` // of the visual, as the page shows it
	Description string `json:"description"`
	File        string `json:"file"` // to upload, or to save
}

// A PageState is what the page showed during a visit.
type PageState struct {
	Messages []string    `json:"said"` // when it was opened, and after each action
	Rows     [][2]string `json:"rows"` // name and source of each visual at the end
}

// A Chromium is a real browser, without a window.
type Chromium struct{ program, node string }

// FindChromium finds the browser. It skips the test if none was installed for
// it.
func FindChromium(t testing.TB) Chromium {
	t.Helper()
	if os.Getenv(playwrightVariable) == "" {
		t.Skip(playwrightVariable + " does not name a folder into which npm installed gallerytest/chromium; ./check makes one where chromium and npm are")
	}
	var c Chromium
	for name, path := range map[string]*string{"node": &c.node, "chromium": &c.program} {
		found, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(playwrightVariable+" is set, and yet: ", err)
		}
		*path = found
	}
	return c
}

const playwrightVariable = "ORGSTORE_PLAYWRIGHT"

// Play plays visits, several at a time, each with a new browser profile.
func (c Chromium) Play(t testing.TB, visits ...Visit) []PageState {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, scripts); err != nil {
		t.Fatal(err)
	}
	in, err := json.Marshal(map[string]any{"browser": c.program, "visits": visits})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), c.node, filepath.Join(dir, "chromium", "visit.mjs"))
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, &stderr)
	}
	var shown []PageState
	if err := json.Unmarshal(out, &shown); err != nil || len(shown) != len(visits) {
		t.Fatalf("%v in %s", err, out)
	}
	return shown
}
