package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/cli"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/sqlite"
)

// installationNow is when somebody looks at the installation: three days after
// its last change.
const installationNow = "2026-11-23T09:00:00Z"

// The data folder of an earlier program opens as it is: what each command says of
// it is in testdata/installation/golden. How it was made is in recipe.txtar there.
func TestEarlierInstallation(t *testing.T) {
	for name, args := range map[string][]string{
		"status":         {"status"},
		"plan":           {"plan"},
		"history":        {"history", "--all", "-o", "json"},
		"drift":          {"drift"},
		"approve":        {"approve"},
		"license-status": {"license", "status"},
		"notice-list":    {"notice", "list"},
		"doctor":         {"doctor", "-o", "json"},
		"apply":          {"apply", "--force"},
	} {
		t.Run(name, func(t *testing.T) {
			openInstallation(t)
			got := runCommand(t, args...)
			compareGolden(t, filepath.Join("testdata", "installation", "golden", name+".golden"), got)
			verifyLog(t)
		})
	}
}

// The next apply of an earlier installation changes what is due, and the one after
// it finds nothing more to change.
func TestEarlierInstallationGoesOn(t *testing.T) {
	openInstallation(t)
	if got := runCommand(t, "apply", "--force"); !strings.Contains(got, "renew") || !strings.HasSuffix(got, "exit 0\n") {
		t.Errorf("the renewal that is due was not made:\n%s", got)
	}
	before := verifyLog(t)
	if got := runCommand(t, "apply", "--force"); strings.Contains(got, "verified") || !strings.HasSuffix(got, "exit 0\n") {
		t.Errorf("the second apply changed something:\n%s", got)
	}
	if after := verifyLog(t); after < before {
		t.Errorf("the audit log has %d entries, and had %d", after, before)
	}
}

// openInstallation copies the installation and goes there, with the clock, the
// tenant, and the addresses that it needs.
func openInstallation(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		envNow: installationNow, envTenant: "whole", envActor: "", envPost: "TEAMS_URL", envDates: "", envTTY: "", envMachine: "",
		"CHECK_URL": "https://check.contoso.com/hush", "CHECK_SECRET": "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=",
		"HOOK_URL": "https://hooks.contoso.com/hush", "HOOK_SECRET": "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=",
		"TEAMS_URL": "https://hooks.contoso.com/hush",
	} {
		t.Setenv(name, value)
	}
	from, to := filepath.Join("testdata", "installation", "files"), t.TempDir()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, name), 0o700)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), text, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(to)
}

// runCommand returns what a command prints and its exit code, with one name for
// the working directory.
func runCommand(t *testing.T, args ...string) string {
	t.Helper()
	var out, notes bytes.Buffer
	code := cli.Run(context.Background(), args, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &notes}, adapters())
	text := out.String() + "-- standard error --\n" + notes.String() + "-- exit " + strconv.Itoa(code) + "\n"
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, dir, "$FOLDER"), `\`, "/")
}

// compareGolden holds a text against a file, or writes the file anew.
func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join(testFolder, name)
	if *update {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(got), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("it says\n%s\nwant\n%s", got, want)
	}
}

// verifyLog reads the whole audit log in the working directory, checks that it
// goes on from what the earlier program wrote, and counts its entries.
func verifyLog(t *testing.T) uint64 {
	t.Helper()
	ctx := context.Background()
	var earlier struct {
		Seq  uint64 `json:"seq"`
		Head string `json:"head"`
	}
	text, err := os.ReadFile(filepath.Join(testFolder, "testdata", "installation", "files", "data", "checkpoint"))
	if err := errors.Join(err, json.Unmarshal(text, &earlier)); err != nil {
		t.Fatal(err)
	}
	log, err := sqlite.Open(ctx, filepath.Join("data", "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(ctx, log, journal.Stamp{Clock: time.Now})
	if err != nil {
		t.Fatal(errors.Join(err, log.Close()))
	}
	defer j.Close()
	if head, ok, err := j.HashOf(ctx, earlier.Seq); err != nil || !ok || head.String() != earlier.Head {
		t.Errorf("entry %d is %s (%v, %v), not %s", earlier.Seq, head, ok, err, earlier.Head)
	}
	var count uint64
	err = j.Entries(ctx, func(journal.Entry) error { count++; return nil })
	if err != nil {
		t.Error(err)
	}
	if count < earlier.Seq {
		t.Errorf("the audit log has %d entries, and had %d", count, earlier.Seq)
	}
	return count
}

// testFolder is where the test's files are, whatever the working directory.
var testFolder = func() string {
	dir, err := os.Getwd()
	check(err)
	return dir
}()
