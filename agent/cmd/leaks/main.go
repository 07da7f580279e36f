// Command leaks reads what go test -json -v prints, looks for secrets in all of
// it, and tells the result as go test does:
//
//	go test -json -v ./... | go run ./agent/cmd/leaks
//
// It exits 1 if a test failed, or if one printed what looks like a secret: then
// it names the test, and withholds the lines. What commands print in tests
// counts as printed by the test, for the tests log it.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/orgstore/orgstore/packages/leak"
)

func main() {
	s := &suite{out: os.Stdout, finder: leak.New(), running: map[place]*output{}, told: map[string]bool{}}
	if err := s.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "cannot read the tests' results:", err)
		os.Exit(1)
	}
	if !s.passed() {
		os.Exit(1)
	}
}

const (
	// mostKept is how much of what a test printed is shown if it fails, in bytes
	// from its end.
	mostKept = 1 << 20
	// mostLine bounds a line of a test, in bytes. What is longer is searched in
	// pieces.
	mostLine = 16 << 20
)

// An event is a line of go test -json (documented: go doc test2json).
type event struct {
	Action, Package, ImportPath, Test, Output string
}

// A place is where an output comes from: a test, or a package outside its tests.
type place struct{ pkg, test string }

// An output is what came from one place so far.
type output struct {
	kept []byte // whole lines, without those that are withheld
	line []byte // the one that is not at its end yet
}

// A suite is what is known of all tests.
type suite struct {
	out      io.Writer
	finder   leak.Finder
	running  map[place]*output
	told     map[string]bool // leaks that were told
	packages int
	failures int
}

func (s *suite) passed() bool {
	if s.packages == 0 {
		fmt.Fprintln(s.out, "no package was tested")
	}
	if n := len(s.told); n > 0 {
		fmt.Fprintf(s.out, "%d secrets were printed: see the lines that begin with LEAK\n", n)
	}
	return s.packages > 0 && s.failures == 0 && len(s.told) == 0
}

// read reads all events. A line that is none is searched and printed.
func (s *suite) read(in io.Reader) error {
	for r := bufio.NewReaderSize(in, 1<<20); ; {
		line, err := r.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil || e.Action == "" {
				e = event{Action: "build-output", Output: string(line)}
			}
			s.take(e)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// take takes one event in.
func (s *suite) take(e event) {
	at := place{e.Package, e.Test}
	switch e.Action {
	case "output":
		s.print(at, e.Output)
	case "build-output":
		at.pkg = e.ImportPath
		s.print(at, e.Output)
		s.show(at)
	case "build-fail":
		s.failures++
	case "fail":
		s.failures++
		s.end(at, true)
	case "pass", "skip":
		s.end(at, false)
	}
}

// print takes in what a place printed, line by line: an event may hold less.
func (s *suite) print(at place, text string) {
	o := s.running[at]
	if o == nil {
		o = &output{}
		s.running[at] = o
	}
	for part := range strings.Lines(text) {
		o.line = append(o.line, part...)
		if strings.HasSuffix(part, "\n") || len(o.line) > mostLine {
			s.finish(at, o)
		}
	}
}

// finish searches a line that is at its end.
func (s *suite) finish(at place, o *output) {
	line := o.line
	for _, what := range s.finder.In(string(line)) {
		s.leaked(at, what)
		line = []byte("(a line is withheld: it holds " + what + ")\n")
	}
	o.kept = append(o.kept, line...)
	if len(o.kept) > 2*mostKept {
		o.kept = append([]byte{}, o.kept[len(o.kept)-mostKept:]...)
	}
	o.line = o.line[:0]
}

// leaked tells a leak, each kind once for each test. A test may be named by the
// secret itself.
func (s *suite) leaked(at place, what string) {
	if len(s.finder.In(at.test)) > 0 {
		at.test, _, _ = strings.Cut(at.test, "/")
	}
	said := strings.TrimSpace("LEAK "+at.pkg+" "+at.test) + ": it printed " + what
	if !s.told[said] {
		s.told[said] = true
		fmt.Fprintln(s.out, said)
	}
}

// end ends a test or a package.
func (s *suite) end(at place, failed bool) {
	if at.test == "" {
		s.packages++
	}
	switch {
	case failed:
		s.show(at)
	case at.test == "":
		s.summary(at)
	}
	s.flush(at)
	delete(s.running, at)
}

// flush searches a last line without an end, and returns what is to be shown.
func (s *suite) flush(at place) []byte {
	o := s.running[at]
	if o == nil {
		return nil
	}
	if len(o.line) > 0 {
		s.finish(at, o)
	}
	return o.kept
}

// show prints what a place printed, and forgets it.
func (s *suite) show(at place) {
	text := s.flush(at)
	if len(text) > mostKept {
		text = text[len(text)-mostKept:]
	}
	_, _ = s.out.Write(text) // there is nobody else to tell
	delete(s.running, at)
}

// summary prints the one line that go test prints of a package that passed.
func (s *suite) summary(at place) {
	for line := range strings.Lines(string(s.flush(at))) {
		if strings.HasPrefix(line, "ok ") || strings.HasPrefix(line, "? ") {
			fmt.Fprint(s.out, line)
		}
	}
}
