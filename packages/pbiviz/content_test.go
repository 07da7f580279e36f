package pbiviz

import (
	"bytes"
	"crypto/sha256"
	"io"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/dirhash"
)

// The vector that Go and a shell pipeline of sha256sum agree on.
func TestContentVector(t *testing.T) {
	bodies := map[string]string{"package.json": "{}", "resources/x.pbiviz.json": strings.Repeat(`{"a":1}`, 100)}
	names := []string{"resources/x.pbiviz.json", "package.json"}
	var entries []Entry
	for _, name := range append(names, StatementEntry) {
		entries = append(entries, Entry{Name: name, SHA256: sha256.Sum256([]byte(bodies[name]))})
	}
	const want = "h1:W1dovFO/JoB7wX5zvbZPpnu+Y6vpvp4eY/it2qXcq38="
	if got := contentOf(entries); got != want {
		t.Errorf("content %s; want %s", got, want)
	}
	got, err := dirhash.Hash1(names, func(name string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader([]byte(bodies[name]))), nil
	})
	if err != nil || got != want {
		t.Errorf("dirhash %s, %v; want %s", got, err, want)
	}
}

func TestNameFault(t *testing.T) {
	for _, name := range []string{
		"package.json", "resources/gauge.pbiviz.json", "a b/c d.ts", "comment.js", "com.js", "com10", "console.js", "auxiliary", "a..b", ".hidden", "~!@#$%^&()_+-=[]{};',`",
	} {
		if fault := nameFault(name); fault != "" {
			t.Errorf("%q is refused: %s", name, fault)
		}
	}
	for _, name := range []string{
		"", ".", "..", "a/", "/a", "a//b", "a/../b", "con", "Aux.js", "x/prn", "COM0", "lpt9.txt", "CONIN$", "nul .js",
		"a.", "a ", "a./b", "a /b", "a:b", `a\b`, "a*", "a?", `a"`, "a<", "a>", "a|", "a\tb", "a\x7f", "\u00e9",
	} {
		if nameFault(name) == "" {
			t.Errorf("%q is allowed", name)
		}
	}
}
