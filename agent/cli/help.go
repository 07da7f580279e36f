package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/fault"
)

// usageOf writes how a command is called: the part of its help that follows
// the description.
func usageOf(cmd *cobra.Command) error {
	var b strings.Builder
	b.WriteString("Usage:\n  " + useLine(cmd) + "\n")
	if cmd.Example != "" {
		b.WriteString("\nExamples:\n" + cmd.Example + "\n")
	}
	if groups := cmd.Groups(); len(groups) > 0 {
		for _, g := range groups {
			listCommands(&b, g.Title, cmd, g.ID)
		}
	} else {
		listCommands(&b, "Commands:", cmd, "")
	}
	listFlags(&b, "Flags:", cmd.LocalNonPersistentFlags())
	shared := cmd.InheritedFlags()
	if !cmd.HasParent() {
		shared = cmd.PersistentFlags()
	}
	listFlags(&b, "Flags of every command:", shared)
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\nSee `%s COMMAND --help` for one command.\n", cmd.CommandPath())
	}
	_, err := io.WriteString(cmd.OutOrStderr(), b.String())
	return err
}

// useLine says how a command is typed; one that only holds others needs theirs.
func useLine(cmd *cobra.Command) string {
	if cmd.HasAvailableSubCommands() {
		return cmd.CommandPath() + " COMMAND"
	}
	return cmd.UseLine()
}

func listCommands(b *strings.Builder, title string, cmd *cobra.Command, group string) {
	var lines []string
	for _, c := range cmd.Commands() {
		if c.GroupID == group && (c.IsAvailableCommand() || c.Name() == "help") {
			lines = append(lines, fmt.Sprintf("  %-*s  %s\n", c.NamePadding(), c.Name(), c.Short))
		}
	}
	if len(lines) > 0 {
		b.WriteString("\n" + title + "\n" + strings.Join(lines, ""))
	}
}

func listFlags(b *strings.Builder, title string, flags interface {
	HasAvailableFlags() bool
	FlagUsages() string
}) {
	if flags.HasAvailableFlags() {
		b.WriteString("\n" + title + "\n" + flags.FlagUsages())
	}
}

// newHelp makes the command that shows the help of another.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND...]",
		Short:   "Show the help of a command",
		Example: "  orgstore help\n  orgstore help vendor issue",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return fault.Usage("see `orgstore --help`", "there is no command %q", strings.Join(args, " "))
			}
			return about.Help()
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			about, _, err := cmd.Root().Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var names []string
			for _, c := range about.Commands() {
				if c.IsAvailableCommand() {
					names = append(names, c.Name()+"\t"+c.Short)
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// newCompletion makes the command that writes a shell's completion script.
func newCompletion(g *globals) *cobra.Command {
	shells := map[string]func(*cobra.Command) error{
		"bash":       func(root *cobra.Command) error { return root.GenBashCompletionV2(g.Out, true) },
		"zsh":        func(root *cobra.Command) error { return root.GenZshCompletion(g.Out) },
		"fish":       func(root *cobra.Command) error { return root.GenFishCompletion(g.Out, true) },
		"powershell": func(root *cobra.Command) error { return root.GenPowerShellCompletionWithDesc(g.Out) },
	}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Write the script that lets a shell complete commands",
		Long: `Write the script that lets a shell complete commands.

SHELL is bash, zsh, fish or powershell. The script goes to standard output,
whatever --output says: load it in the file that your shell reads at its start.`,
		Example: `  orgstore completion powershell | Out-String | Invoke-Expression   # in $PROFILE
  source <(orgstore completion bash)                                # in ~/.bashrc`,
		Args:      arguments(cobra.ExactArgs(1)),
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		RunE: func(cmd *cobra.Command, args []string) error {
			write, ok := shells[args[0]]
			if !ok {
				return fault.Usage("choose bash, zsh, fish or powershell", "there is no completion for %q", args[0])
			}
			return write(cmd.Root())
		},
	}
}
