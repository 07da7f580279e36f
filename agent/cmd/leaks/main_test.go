package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/leak"
)

// looked is what the command says of a stream, and whether it lets it pass.
func looked(t *testing.T, stream []byte) (string, bool) {
	t.Helper()
	var out bytes.Buffer
	s := &suite{out: &out, finder: leak.New(), running: map[place]*output{}, told: map[string]bool{}}
	if err := s.read(bytes.NewReader(stream)); err != nil {
		t.Fatal(err)
	}
	passed := s.passed()
	return out.String(), passed
}

// Secrets that tests print are found in what Go really writes, and not repeated.
func TestPlantedLeaks(t *testing.T) {
	cmd := exec.Command("go", "test", "-json", "-v", "./testdata/planted")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	stream, err := cmd.Output()
	if err != nil {
		t.Fatalf("the planted tests themselves pass: %v\n%s", err, stream)
	}
	said, passed := looked(t, stream)
	if passed {
		t.Error("it passed")
	}
	for _, test := range []string{"Logs", "Prints", "Named"} {
		if want := "agent/cmd/leaks/testdata/planted Test" + test + ": it printed a token\n"; !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
	if strings.Contains(said, "TestQuiet") || len(leak.New().In(said)) > 0 || strings.Contains(said, "cGxhbnRlZA") {
		t.Errorf("it says too much:\n%s", said)
	}
}

func TestLooks(t *testing.T) {
	const passes = `{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p","Elapsed":0.1}
`
	canary := leak.Canary + "-x"
	for _, c := range []struct {
		name, stream string
		pass         bool
		says         string
	}{
		{"all is well", passes, true, "ok  \tp\t0.1s\n"},
		{"nothing was tested", "", false, "no package was tested\n"},
		{"a test failed", `{"Action":"output","Package":"p","Test":"T","Output":"got 1\n"}
{"Action":"fail","Package":"p","Test":"T"}
`, false, "got 1\nno package was tested\n"},
		{"a package does not build", `{"Action":"build-output","ImportPath":"p","Output":"x.go:1: no\n"}
{"Action":"build-fail","ImportPath":"p"}
` + passes, false, "x.go:1: no\nok  \tp\t0.1s\n"},
		{"in a test that failed", `{"Action":"output","Package":"p","Test":"T","Output":"` + canary + `\n"}
{"Action":"fail","Package":"p","Test":"T"}
`, false, "LEAK p T: it printed a secret of a test\n(a line is withheld: it holds a secret of a test)\nno package was tested\n1 secrets were printed: see the lines that begin with LEAK\n"},
		{"in two events", `{"Action":"output","Package":"p","Test":"T","Output":"` + canary[:5] + `"}
{"Action":"output","Package":"p","Test":"U","Output":"between\n"}
{"Action":"output","Package":"p","Test":"T","Output":"` + canary[5:] + `"}
{"Action":"pass","Package":"p","Test":"T"}
` + passes, false, "LEAK p T: it printed a secret of a test\nok  \tp\t0.1s\n1 secrets were printed: see the lines that begin with LEAK\n"},
		{"outside of any test", canary + "\n" + passes, false, "LEAK: it printed a secret of a test\n(a line is withheld: it holds a secret of a test)\nok  \tp\t0.1s\n1 secrets were printed: see the lines that begin with LEAK\n"},
	} {
		if said, pass := looked(t, []byte(c.stream)); pass != c.pass || said != c.says {
			t.Errorf("%s: passed %v, and says\n%s", c.name, pass, said)
		}
	}
}

// What a failing test printed is shown from its end.
func TestLongOutput(t *testing.T) {
	var stream strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&stream, `{"Action":"output","Package":"p","Test":"T","Output":"line %d %s\n"}`+"\n", i, strings.Repeat("x", 80))
	}
	stream.WriteString(`{"Action":"fail","Package":"p","Test":"T"}` + "\n")
	said, _ := looked(t, []byte(stream.String()))
	if len(said) > mostKept+100 || !strings.Contains(said, "line 39999") {
		t.Errorf("%d bytes are shown", len(said))
	}
}
