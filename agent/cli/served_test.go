package cli

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/orgstore/orgstore/agent/localapi"
)

// decided says of every command and flag whether the agent takes it from callers.
// What is new is in no line of it: somebody decides, and writes the line.
var decided = filepath.Join("testdata", "served.txt")

func TestEveryCommandAndFlagIsDecided(t *testing.T) {
	var got strings.Builder
	line := func(what string, taken bool) {
		how := "refused"
		if taken {
			how = "served"
		}
		fmt.Fprintf(&got, "%s: %s\n", what, how)
	}
	meant := served()
	walk(testRoot(&bytes.Buffer{}), func(c *cobra.Command) {
		command := name(c)
		line(command, serves(command, nil))
		c.InheritedFlags().VisitAll(func(f *pflag.Flag) {
			if taken := serves(command, []localapi.Flag{{Name: f.Name}}); taken && f.Name != "output" {
				t.Errorf("%s --%s is served", command, f.Name)
			}
		})
		c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			taken := serves(command, []localapi.Flag{{Name: f.Name}})
			if taken && slices.Contains([]string{"stringSlice", "stringArray"}, f.Value.Type()) {
				t.Errorf("%s --%s cannot go from program to program: it is a list", command, f.Name)
			}
			line(command+" --"+f.Name, taken)
			meant[command] = slices.DeleteFunc(meant[command], func(m string) bool { return m == f.Name })
		})
		if len(meant[command]) == 0 {
			delete(meant, command)
		}
	})
	if len(meant) > 0 {
		t.Errorf("these are on the list and there are none: %v", meant)
	}
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		if err := os.WriteFile(decided, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(decided)
	if err != nil {
		t.Fatal(err)
	}
	before, now := strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")
	for _, l := range now {
		if !slices.Contains(before, l) {
			t.Errorf("%s: decide whether the agent does it for callers (served.go), and run this with -update", l)
		}
	}
	for _, l := range before {
		if !slices.Contains(now, l) {
			t.Errorf("%s: that is not so any more: run this with -update", l)
		}
	}
}

// Whatever a caller puts into values and arguments stays a value or an argument.
func TestCallersCannotSmuggle(t *testing.T) {
	nasty := []string{"--config=/etc/shadow", "-c", "--", "settle", "--out=/etc/cron.d/x", "attest", "", "--force", "-c=/x", "@/etc/passwd", "\x00", "help"}
	for command, flags := range served() {
		for _, bad := range nasty {
			q := localapi.Request{Command: command, Args: []string{bad, bad}}
			for _, f := range slices.Concat(flags, []string{"output"}) {
				q.Flags = append(q.Flags, localapi.Flag{Name: f, Value: bad})
			}
			line, refused := commandLine(q, "/etc/orgstore/orgstore.yaml")
			if refused != nil {
				t.Fatal(refused)
			}
			root := testRoot(&bytes.Buffer{})
			cmd, rest, err := root.Find(line)
			if err != nil || name(cmd) != command {
				t.Fatalf("%q is %v, %v", line, cmd, err)
			}
			if cmd.ParseFlags(rest) == nil && !slices.Equal(cmd.Flags().Args(), q.Args) {
				t.Errorf("%q has the arguments %q", line, cmd.Flags().Args())
			}
			if got := cmd.Flag("config").Value.String(); got != "/etc/orgstore/orgstore.yaml" {
				t.Errorf("%q goes by %s", line, got)
			}
		}
	}
	for _, q := range []localapi.Request{
		{Command: "apply"}, {Command: ""}, {Command: "agent run"}, {Command: "status apply"}, {Command: "Approve"}, {Command: " approve"},
		{Command: "plan", Flags: []localapi.Flag{{Name: "query", Value: "@"}}}, {Command: "plan", Flags: []localapi.Flag{{Name: "out", Value: "x"}}}, {Command: "plan", Flags: []localapi.Flag{{Name: "config", Value: "x"}}},
		{Command: "plan", Flags: []localapi.Flag{{Name: "store=x --out", Value: "x"}}}, {Command: "status", Flags: []localapi.Flag{{Name: "c"}}},
	} {
		if line, refused := commandLine(q, "x"); refused == nil {
			t.Errorf("%+v is served as %q", q, line)
		}
	}
}
