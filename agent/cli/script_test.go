package cli_test

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jmespath/go-jmespath"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/orgstore/orgstore/agent/actor"
	"github.com/orgstore/orgstore/agent/cli"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/sqlite"
	"github.com/orgstore/orgstore/agent/service"
	"github.com/orgstore/orgstore/agent/service/systemd"
	"github.com/orgstore/orgstore/agent/service/systemdtest"
	"github.com/orgstore/orgstore/graph/orgstore/handoff"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/leak"
	library "github.com/orgstore/orgstore/packages/library/folder"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/store/folder"
	"github.com/orgstore/orgstore/policies/approval"
)

var update = flag.Bool("update", false, "write what cmp compares with into the scripts anew")

// The variables through which a script speaks to the program under test. Only
// this file reads them.
const (
	envNow   = "ORGSTORE_TEST_NOW"   // the program's clock, RFC 3339
	envTTY   = "ORGSTORE_TEST_TTY"   // 1: pretends that a person sits at the terminal
	envActor = "ORGSTORE_TEST_ACTOR" // who runs it: name and ID; ada 1000 where it is empty
	envExit  = "ORGSTORE_TEST_EXIT"  // the file that takes the exit code, for exits

	envMachine = "ORGSTORE_TEST_MACHINE" // the folder of a machine with systemd; empty for none
	envUID     = "ORGSTORE_TEST_UID"     // who runs the program there

	envSettled = "ORGSTORE_TEST_SETTLED" // the least that the clock of folders says, RFC 3339; for settle
)

// now is what the clock says in a script that sets no other time.
const now = "2026-11-23T09:00:00Z"

// TestMain runs the tests, or the program itself where a script calls it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"orgstore": program, "signer": outsideSigner})
}

// program is main as cmd/orgstore has it, with a clock that stands still, a
// user whose name is the same everywhere, and the terminal that a script wants.
func program() {
	file := os.Getenv(envExit)
	os.Remove(file) // a program that dies leaves no code
	terminal := os.Getenv(envTTY) == "1"
	streams := cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, InTerminal: terminal, OutTerminal: terminal}
	code := cli.Run(context.Background(), os.Args[1:], streams, adapters())
	if err := os.WriteFile(file, []byte(strconv.Itoa(code)), 0o600); err != nil {
		panic(err)
	}
	os.Exit(code)
}

func adapters() cli.Adapters {
	clock := func() time.Time {
		at, err := time.Parse(time.RFC3339, os.Getenv(envNow))
		if err != nil {
			panic(err)
		}
		return at
	}
	return cli.Adapters{
		Ports: engine.Ports{
			Disk:        disk.OS(),
			OpenJournal: func(ctx context.Context, path string) (journal.Log, error) { return sqlite.Open(ctx, path) },
			OpenTenant:  aTenant,
			Drivers:     drivers(),
			Libraries:   libraries(),
			Actor: func() (journal.Actor, error) {
				if os.Getenv(envActor) == "unknown" {
					return journal.Actor{Source: approval.SourceUnknown, Name: actor.Unknown, Host: "bi-01"}, nil
				}
				name, id, _ := strings.Cut(cmp.Or(os.Getenv(envActor), "ada 1000"), " ")
				return journal.Actor{Source: "os", ID: id, Name: name, Host: "bi-01"}, nil
			},
			ActorOf: actor.Of,
			Now:     clock,
			Env:     os.Getenv,
			Post:    posted,
			Secret:  func(at config.Secret) (string, error) { return os.Getenv(at.Env), nil },
			Program: "orgstore/1.2.3",
		},
		Services: aMachine(),
		Seal:     licensetest.Seal,
		Build:    cli.Build{Version: "1.2.3", Commit: "0123abc", Go: "go1.26", OS: "plan9", Arch: "amd64"},
	}
}

// folderClock is the machine's, by which files get their times, but that settle puts
// it forward.
func folderClock() time.Time {
	at := time.Now()
	if settled, err := time.Parse(time.RFC3339Nano, os.Getenv(envSettled)); err == nil && settled.After(at) {
		return settled
	}
	return at
}

// aMachine is one with systemd under $ORGSTORE_TEST_MACHINE, which is asked as
// $ORGSTORE_TEST_UID.
func aMachine() cli.Services {
	root := os.Getenv(envMachine)
	if root == "" {
		return service.Nowhere{Why: "orgstore cannot be a service here", Instead: "let cron call it"}
	}
	uid, err := strconv.Atoi(os.Getenv(envUID))
	if err != nil {
		panic(err)
	}
	unit := "\nExecStart=/usr/local/bin/orgstore agent run --config /etc/orgstore/orgstore.yaml\nStateDirectory=orgstore\n"
	return &systemd.Manager{Template: unit, Program: "/usr/local/bin/orgstore", Root: root, UID: uid, Run: systemdtest.Machine{Root: root}.Run}
}

// drivers are the program's own.
func drivers() engine.StoreDrivers {
	return engine.StoreDrivers{
		config.FolderDriver: func(r engine.StoreRequest) (store.Store, error) { return folder.Open(r.Disk, r.Settings.Path), nil },
		config.HandoffDriver: func(r engine.StoreRequest) (store.Store, error) {
			return handoff.Open(r.Disk, handoff.Options{Folder: r.Settings.Path, Context: r.Context}), nil
		},
		config.RecordedDriver: engine.OpenRecorded,
	}
}

// libraries are the program's own.
func libraries() engine.LibraryDrivers {
	return engine.LibraryDrivers{
		config.FolderLibrary: func(_ context.Context, r engine.LibraryRequest) (intake.Library, error) {
			return library.OpenWithClock(r.Settings.Folder, folderClock)
		},
		config.SharePointLibrary: engine.OpenTenantLibrary,
	}
}

// TestScripts runs testdata/script. Beside testscript's own commands there are
//
//	orgstore ARG...          the program
//	exits N                  the last orgstore left with exactly N
//	jq QUERY [TEXT]          JMESPath over the last standard output: is TEXT; alone, is there (! is not)
//	keep NAME QUERY          the same into a variable
//	and those of scriptcmds_test.go, which make files.
//
// In scripts, $gauge and $timeline are the visuals' GUIDs and $tenant a tenant's id.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                filepath.Join("testdata", "script"),
		UpdateScripts:      *update,
		RequireUniqueNames: true,
		Setup:              setUp,
		Condition: func(cond string) (bool, error) {
			return cond == "root" && runtime.GOOS != "windows" && os.Getuid() == 0, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "jq": jq, "keep": keep,
			"example": exampleFile, "make": makePackage, "aurora": auroraBundle, "statement": statement, "statuslist": statusList,
			"bytes": someBytes, "damage": damage, "listing": listing, "task": laidOut, "perm": perm, "settle": settle, "edit": edit, "stamp": stamp,
		},
	})
}

func setUp(env *testscript.Env) error {
	for name, value := range map[string]string{
		envNow: now, envExit: filepath.Join(env.WorkDir, ".tmp", "exit"),
		"gauge": "auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E", "timeline": "auroraTimeline0EC4001DA97EE18F29D05EFD5CB885CD",
		"tenant": "8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11", "other_tenant": "1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9",
	} {
		env.Setenv(name, value)
	}
	env.Defer(func() { keepsSecrets(env) })
	return nil
}

// keepsSecrets looks for secrets in all that a script left behind for people to
// read. What it printed is looked at by ./check.
func keepsSecrets(env *testscript.Env) {
	found, err := leak.New().Files(os.DirFS(env.WorkDir))
	if err != nil {
		env.T().Fatal(err)
	}
	if len(found) > 0 {
		env.T().Fatal("secrets are in files:", strings.Join(found, "; "))
	}
}

// exits checks the exit code of the last orgstore.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: exits N")
	}
	got, err := os.ReadFile(ts.Getenv(envExit))
	if err != nil {
		ts.Fatalf("orgstore did not exit by itself: %v", err)
	}
	if string(got) != args[0] {
		ts.Fatalf("orgstore left with %s instead of %s", got, args[0])
	}
}

// jq checks what a JMESPath query finds in the last standard output.
func jq(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: [!] jq QUERY [TEXT]")
	}
	got := found(ts, args[0])
	switch {
	case len(args) == 1 && (got == "null") != neg:
		ts.Fatalf("%s is %s", args[0], got)
	case len(args) == 2 && (got == args[1]) == neg:
		ts.Fatalf("%s is %s", args[0], got)
	}
}

// keep puts what a JMESPath query finds into a variable of the script.
func keep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: keep NAME QUERY")
	}
	ts.Setenv(args[0], found(ts, args[1]))
}

// found returns a text as it is, anything else as compact JSON.
func found(ts *testscript.TestScript, query string) string {
	var tree any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &tree); err != nil {
		ts.Fatalf("standard output is no JSON: %v", err)
	}
	v, err := jmespath.Search(query, tree)
	ts.Check(err)
	if s, ok := v.(string); ok {
		return s
	}
	b, err := json.Marshal(v)
	ts.Check(err)
	return string(b)
}
