package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/engine"
)

// walk visits every command.
func walk(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, c := range cmd.Commands() {
		walk(c, visit)
	}
}

func testRoot(out *bytes.Buffer) *cobra.Command {
	g := &globals{Streams: Streams{Out: out, Err: out}, Adapters: Adapters{Ports: engine.Ports{
		Env: func(string) string { return "" }, Now: func() time.Time { return time.Time{} },
	}}}
	root := newRoot(g)
	root.SetOut(out)
	root.InitDefaultHelpCmd()
	return root
}

func TestHelpOfEveryCommand(t *testing.T) {
	var out bytes.Buffer
	walk(testRoot(&out), func(c *cobra.Command) {
		name := c.CommandPath()
		out.Reset()
		if err := c.Help(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains(out.String(), "Usage:\n  "+name) || strings.Contains(out.String(), "Global Flags") {
			t.Errorf("the help of %s:\n%s", name, out.String())
		}
		if c.Short == "" || strings.HasSuffix(c.Short, ".") || c.Short[0] < 'A' || c.Short[0] > 'Z' {
			t.Errorf("%s: the short help %q", name, c.Short)
		}
		if c.Example == "" && !c.HasSubCommands() {
			t.Errorf("%s has no example", name)
		}
		for _, line := range strings.Split(out.String(), "\n") {
			if len(line) > 140 {
				t.Errorf("the help of %s has a long line: %s", name, line)
			}
		}
	})
}

// Whoever copies an example must not be told that it is wrong.
func TestExamplesAreWellFormed(t *testing.T) {
	var out bytes.Buffer
	walk(testRoot(&out), func(c *cobra.Command) {
		for _, line := range strings.Split(strings.ReplaceAll(c.Example, "\\\n", " "), "\n") {
			words := split(line)
			if len(words) == 0 || words[0] != "orgstore" {
				continue // what surrounds it in a shell
			}
			example, rest, err := testRoot(&out).Find(words[1:])
			if err != nil {
				t.Errorf("%s: %v", line, err)
				continue
			}
			if err := example.ParseFlags(rest); err != nil {
				t.Errorf("%s: %v", line, err)
			}
			if err := example.ValidateArgs(example.Flags().Args()); err != nil {
				t.Errorf("%s: %v", line, err)
			}
			if c.HasParent() && example.CommandPath() != c.CommandPath() {
				t.Errorf("an example of %s is one of %s", c.CommandPath(), example.CommandPath())
			}
		}
	})
}

// split splits a line as a shell does, as far as examples need: quotes, comments,
// pipes.
func split(line string) []string {
	var words []string
	for line = strings.TrimSpace(line); line != "" && line[0] != '#' && line[0] != '|'; line = strings.TrimSpace(line) {
		end := " "
		if line[0] == '"' || line[0] == '\'' {
			end, line = line[:1], line[1:]
		}
		word, rest, _ := strings.Cut(line, end)
		words, line = append(words, word), rest
	}
	return words
}

func TestTheFormatOfACommandLineThatCannotBeRead(t *testing.T) {
	g := &globals{Adapters: Adapters{Ports: engine.Ports{Env: func(name string) string {
		return map[string]string{"ORGSTORE_OUTPUT": "csv"}[name]
	}}}}
	for line, want := range map[string]string{
		"version --frob -o json":      "json",
		"version --frob=1 -o=json":    "json",
		"version -ojson --frob":       "json",
		"version --frob --output md":  "md",
		"version --frob":              "csv",
		"version --frob -o xml":       "table",
		"version --frob -- -o json":   "csv",
		"-o json --output md --frob":  "md",
		"version --help --frob -o md": "md",
	} {
		if got := g.formatIn(strings.Fields(line)); string(got) != want {
			t.Errorf("%s: %s instead of %s", line, got, want)
		}
	}
}
