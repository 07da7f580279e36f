package cli

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
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
		return problem(exitUsage, "confirm.no_terminal", "add --force to do it without asking, or --dry-run to look first",
			"cannot ask whether to %s: there is no terminal", question)
	}
	if show != nil {
		if err := show(); err != nil {
			return err
		}
	}
	fmt.Fprintf(g.Err, "%s? [y/N] ", strings.ToUpper(question[:1])+question[1:])
	line, err := bufio.NewReader(g.In).ReadString('\n')
	if err != nil && line == "" {
		return problem(exitError, "confirm.declined", "", "nothing was done: there was no answer")
	}
	if a := strings.ToLower(strings.TrimSpace(line)); a != "y" && a != "yes" {
		return problem(exitError, "confirm.declined", "", "nothing was done, as you answered")
	}
	return nil
}

// plural counts things for people.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// blank says whether a text that people will look for says nothing.
func blank(s string) bool { return strings.TrimSpace(s) == "" }
