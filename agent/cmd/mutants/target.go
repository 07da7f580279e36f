package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A target is a package whose tests are tried.
type target struct {
	ImportPath, Dir, Name              string
	GoFiles, TestGoFiles, XTestGoFiles []string
	TestImports, XTestImports          []string

	module  string // its module's folder
	short   bool   // leave the long tests out
	work    string // a folder of its own for what is built
	binary  string
	mutants []mutant
	omitted map[int]bool  // what does not compile
	reached map[int]bool  // what the tests reach
	takes   time.Duration // of a processor's time, without a change
}

// list asks go which packages are meant.
func list(ctx context.Context, patterns []string) ([]*target, error) {
	module, err := goes(ctx, "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return nil, err
	}
	out, err := goes(ctx, append([]string{"list", "-json=ImportPath,Dir,Name,GoFiles,TestGoFiles,XTestGoFiles,TestImports,XTestImports", "--"}, patterns...)...)
	if err != nil {
		return nil, err
	}
	var all []*target
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		t := &target{module: strings.TrimSpace(string(module)), omitted: map[int]bool{}, reached: map[int]bool{}}
		switch err := d.Decode(t); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		case len(t.TestGoFiles)+len(t.XTestGoFiles) == 0:
			return nil, fmt.Errorf("%s has no tests", t.ImportPath)
		}
		all = append(all, t)
	}
}

// goes runs the go command and returns what it prints.
func goes(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", args[0], err, &stderr)
	}
	return out, nil
}

// path is a file's name relative to the module.
func (t *target) path(name string) string {
	rel, err := filepath.Rel(t.module, filepath.Join(t.Dir, name))
	if err != nil {
		rel = name
	}
	return filepath.ToSlash(rel)
}

// folder is where the package lies in the module.
func (t *target) folder() string { return t.path(".") }

// prepare builds the test program with all mutants in it, and runs it without any
// to see which ones the tests reach.
func (t *target) prepare(ctx context.Context, work string) error {
	t.work = work
	if err := t.build(ctx); err != nil {
		return err
	}
	return t.baseline(ctx)
}

// build builds the test program. Mutants that the compiler does not like are
// omitted, and it is tried again.
func (t *target) build(ctx context.Context) error {
	t.binary = filepath.Join(t.work, "tests.exe")
	for {
		overlay, err := t.overlay()
		if err != nil {
			return err
		}
		_, err = goes(ctx, "test", "-c", "-vet=off", "-overlay", overlay, "-o", t.binary, t.ImportPath)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if !t.omit(err.Error()) {
			return fmt.Errorf("cannot build the tests of %s: %w", t.folder(), err)
		}
	}
}

// overlay finds the mutants and writes the changed files, and the file that says
// which ones they take the place of.
func (t *target) overlay() (string, error) {
	replace := map[string]string{}
	write := func(name string, code []byte) error {
		file := filepath.Join(t.work, name)
		replace[filepath.Join(t.Dir, name)] = file
		return os.WriteFile(file, code, 0o600)
	}
	t.mutants = nil
	for _, name := range t.GoFiles {
		code, err := os.ReadFile(filepath.Join(t.Dir, name))
		if err != nil {
			return "", err
		}
		found, changed, err := find(t.path(name), code, len(t.mutants)+1, t.omitted)
		if err == nil {
			t.mutants, err = append(t.mutants, found...), write(name, changed)
		}
		if err != nil {
			return "", err
		}
	}
	if err := write(supportName, support(t.Name, len(t.mutants))); err != nil {
		return "", err
	}
	file := filepath.Join(t.work, "overlay.json")
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	return file, os.WriteFile(file, text, 0o600)
}

var complaint = regexp.MustCompile(`([^\s:/\\]+\.go):([0-9]+):`)

// omit notes the mutants of the lines that the compiler complains about, and says
// whether there are any new ones.
func (t *target) omit(complaints string) bool {
	before := len(t.omitted)
	for _, c := range complaint.FindAllStringSubmatch(complaints, -1) {
		line, _ := strconv.Atoi(c[2])
		for _, m := range t.mutants {
			if m.file == t.path(c[1]) && m.first <= line && line <= m.last {
				t.omitted[m.id] = true
			}
		}
	}
	return len(t.omitted) > before
}

// baseline runs the tests without a change.
func (t *target) baseline(ctx context.Context) error {
	file := filepath.Join(t.work, "reached")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		return err
	}
	cmd := t.command(ctx, 0, reachedVariable+"="+file)
	out, err := cmd.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("the tests of %s fail without any change: %w\n%s", t.folder(), err, out)
	}
	t.takes = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	text, err := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if id, err := strconv.Atoi(strings.TrimSpace(line)); err == nil {
			t.reached[id] = true
		}
	}
	return err
}

// command runs the test program as go test does, as one mutant. Property tests
// begin with the same seed each time, and do not look for a smaller example.
func (t *target) command(ctx context.Context, id int, more ...string) *exec.Cmd {
	args := []string{"-test.failfast", "-test.paniconexit0", "-test.timeout=0"}
	if t.short {
		args = append(args, "-test.short")
	}
	if slices.Contains(slices.Concat(t.TestImports, t.XTestImports), "pgregory.net/rapid") {
		args = append(args, "-rapid.seed=1", "-rapid.nofailfile", "-rapid.shrinktime=0s")
	}
	cmd := exec.CommandContext(ctx, t.binary, args...)
	cmd.Dir = t.Dir
	cmd.Env = append(append(os.Environ(), chosenVariable+"="+strconv.Itoa(id), reachedVariable+"="), more...)
	cmd.WaitDelay = time.Second
	return cmd
}

// An outcome is what became of a mutant.
type outcome string

const (
	killed     outcome = "killed"
	survived   outcome = "survived"
	timedOut   outcome = "timed out"
	notCovered outcome = "not covered"
	equivalent outcome = "equivalent"
	noCompile  outcome = "did not compile"
	notTried   outcome = "not tried"
)

// try runs the tests on one mutant, for so long of a processor's time.
func (t *target) try(ctx context.Context, id int, limit time.Duration) (outcome, error) {
	temp, err := os.MkdirTemp(t.work, "temp")
	if err != nil {
		return notTried, err
	}
	defer os.RemoveAll(temp)
	within, cancel := context.WithTimeout(ctx, maxWait*limit)
	defer cancel()
	cmd := t.command(within, id, "TMPDIR="+temp, "TMP="+temp, "TEMP="+temp)
	if err := cmd.Start(); err != nil {
		return notTried, err
	}
	defer watch(cmd.Process.Pid, limit, cancel)()
	err = cmd.Wait()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return notTried, nil
	case within.Err() != nil:
		return timedOut, nil
	case err == nil:
		return survived, nil
	case errors.As(err, &exit):
		return killed, nil
	}
	return notTried, err
}
