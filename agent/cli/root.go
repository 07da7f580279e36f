package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
)

func newRoot(g *globals) *cobra.Command {
	var format string
	root := &cobra.Command{
		Use:   "orgstore",
		Short: "Keep Power BI visuals at pinned versions, with licenses verified offline",
		Long: `orgstore keeps Power BI visuals at pinned versions in a tenant's store.

It takes in packages and their licenses, verifies them offline, plans, swaps on
renewal, rolls back and can prove what it did. Try the whole story in a folder
of its own:  orgstore demo`,
		Example: `  orgstore init
  orgstore package add "Aurora Gauge 1.4.pbiviz"
  orgstore pin set auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E "~> 1.4"
  orgstore plan
  orgstore apply`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			var err error
			if g.format, err = output.ParseFormat(format); err != nil {
				return fault.Usage("name one of them with -o or in ORGSTORE_OUTPUT", "%w", err)
			}
			return nil
		},
		Args: arguments(cobra.ArbitraryArgs),
		RunE: helpOrUnknown,
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&g.settingsFile, "config", "c", g.env("CONFIG", config.FileName), "the settings `FILE` ($ORGSTORE_CONFIG)")
	flags.StringVarP(&format, "output", "o", g.env("OUTPUT", "table"), "`FORMAT` of the answer: table, json, csv, md or none ($ORGSTORE_OUTPUT)")
	flags.StringVar(&g.query, "query", "", "a JMESPath `EXPRESSION` over the JSON's data, with -o json")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fault.Usage(fmt.Sprintf("see `%s --help`", cmd.CommandPath()), "%w", err)
	})
	flags.BoolP("help", "h", false, "show this help")
	// Only a mistake in these lines could make it fail.
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formatNames(), cobra.ShellCompDirectiveNoFileComp))
	root.SetUsageFunc(usageOf)
	root.SetHelpCommand(newHelp())
	root.SetHelpCommandGroupID("more")
	addGroup(root, "start", "Start here:", newInit(g), newDemo(g), newSimulator(g))
	addGroup(root, "packages", "Packages and licenses:", newPackage(g), newTrust(g), newLicense(g), newVendor(g))
	addGroup(root, "changes", "Decide and change:", newPin(g), newPlan(g), newApply(g), newRollback(g),
		newApprove(g), newReject(g), newAgent(g), newService(g), newPolicy(g), newWindow(g), newHold(g), newUnhold(g), newUnblock(g), newStore(g))
	addGroup(root, "facts", "Know:", newStatus(g), newHistory(g), newDrift(g), newNotice(g), newFacts(g), newDoctor(g))
	addGroup(root, "more", "More:", newExitCodes(g), newCompletion(g), newVersion(g))
	return root
}

// addGroup adds commands that help lists under one heading.
func addGroup(root *cobra.Command, id, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: id, Title: title})
	for _, c := range commands {
		c.GroupID = id
	}
	root.AddCommand(commands...)
}

func formatNames() []string {
	var names []string
	for _, f := range output.Formats() {
		names = append(names, string(f))
	}
	return names
}

// formatIn finds the format asked for on a command line that cannot be read
// otherwise, so that programs get its fault as they asked.
func (g *globals) formatIn(args []string) output.Format {
	lenient := &cobra.Command{FParseErrWhitelist: cobra.FParseErrWhitelist{UnknownFlags: true}}
	lenient.Flags().BoolP("help", "h", false, "")
	text := lenient.Flags().StringP("output", "o", g.env("OUTPUT", ""), "")
	_ = lenient.ParseFlags(args) // what is wrong with them was said already
	if f, err := output.ParseFormat(*text); err == nil {
		return f
	}
	return output.Table
}

// env reads a variable of orgstore's own, or the default.
func (g *globals) env(name, otherwise string) string {
	if v := g.Env("ORGSTORE_" + name); v != "" {
		return v
	}
	return otherwise
}

// group makes a command that only holds others.
func group(use, short, long string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Long: long, Args: arguments(cobra.ArbitraryArgs), RunE: helpOrUnknown, SuggestionsMinimumDistance: 2}
	cmd.AddCommand(commands...)
	return cmd
}

// helpOrUnknown shows the help of a command that only holds others, and refuses
// a word that names none of them.
func helpOrUnknown(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	hint := fmt.Sprintf("see `%s --help`", cmd.CommandPath())
	cmd.SuggestionsMinimumDistance = 2 // as cobra itself takes for its own
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return fault.Usage(hint, "%s knows no command %q", cmd.CommandPath(), args[0])
}
