package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/fault"
)

// confirmation is how a changing command makes sure that a person means it.
type confirmation struct {
	force  bool
	dryRun bool
}

func (c *confirmation) flags(cmd *cobra.Command, force string) {
	cmd.Flags().BoolVar(&c.force, "force", false, force)
	dryRunFlags(cmd, &c.dryRun)
}

// confirm shows what is about to be done and asks. Without a terminal it fails
// at once instead of hanging.
func (c confirmation) confirm(g *globals, show func() error, question string) error {
	switch {
	case c.force:
		return nil
	case !g.InTerminal:
		return fault.New("confirm.no_terminal", "add --force to do it without asking, or --dry-run to look first",
			"cannot ask whether to %s: there is no terminal", question)
	}
	if show != nil {
		if err := show(); err != nil {
			return err
		}
	}
	return g.ask(question)
}

// again asks a second time, before what many people would notice at once.
func (c confirmation) again(g *globals, consequence, question string) error {
	g.note("%s", consequence)
	if c.force {
		return nil
	}
	return g.ask(question)
}

// ask asks a person at a terminal a question that only yes agrees to.
func (g *globals) ask(question string) error {
	if g.caller != nil {
		return g.caller.confirmed(question)
	}
	fmt.Fprintf(g.Err, "%s? [y/N] ", strings.ToUpper(question[:1])+question[1:])
	line, err := readLine(g.In)
	if err != nil && line == "" {
		return fault.New("confirm.declined", "", "nothing was done: there was no answer")
	}
	if a := strings.ToLower(strings.TrimSpace(line)); a != "y" && a != "yes" {
		return fault.New("confirm.declined", "", "nothing was done, as you answered")
	}
	return nil
}

// maxAnswer bounds an answer, in bytes.
const maxAnswer = 1000

// readLine reads one line and nothing of what follows it: there may be another
// question.
func readLine(r io.Reader) (string, error) {
	var line []byte
	for b := make([]byte, 1); len(line) < maxAnswer; {
		n, err := r.Read(b)
		switch {
		case n == 1 && b[0] == '\n':
			return string(line), nil
		case n == 1:
			line = append(line, b[0])
		case err != nil:
			return string(line), err
		}
	}
	return string(line), nil
}

// blank says whether a text that people will look for says nothing.
func blank(s string) bool { return strings.TrimSpace(s) == "" }
