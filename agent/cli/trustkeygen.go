package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/attester"
	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/safetext"
)

type trustKeygenOptions struct {
	*globals
	attester.KeyRequest
	secret passphrase
	dryRun bool
}

func newTrustKeygen(g *globals) *cobra.Command {
	o := &trustKeygenOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "keygen",
		Short: "Make the key with which a person of this tenant attests licenses",
		Long: `Make the key with which a person of this tenant attests licenses.

Run it on that person's own machine: the private half is written to --out, under
a passphrase, and must never lie where the agent runs. The public half is printed,
with what to put into the settings. Existing files are never overwritten, and
nobody can find out a forgotten passphrase: then make a new key.`,
		Example: `  orgstore trust keygen --name "Ada Lovelace" --out ada.key`,
		Args:    arguments(cobra.NoArgs),
		RunE:    g.answering(func(ctx context.Context, _ []string) (answer, error) { return o.run(ctx) }),
	}
	cmd.Flags().StringVar(&o.Name, "name", "", "the person's `NAME`, as attestations and messages show it (required)")
	cmd.Flags().StringVar(&o.File, "out", "", "the `FILE` that takes the private half (required)")
	o.secret.flags(cmd)
	dryRunFlags(cmd, &o.dryRun)
	return cmd
}

func (o *trustKeygenOptions) run(ctx context.Context) (answer, error) {
	draft, err := o.attestPorts().DraftKey(o.KeyRequest)
	if err != nil {
		return answer{}, err
	}
	if o.dryRun { // another key would be made: what this one is must not be told
		key := attester.Key{Name: draft.Name, File: o.File}
		return answer{data: key, view: trustKeygenView(key), message: "nothing was written: this was a dry run"}, nil
	}
	secret, err := o.secret.ask(ctx, o.globals, fmt.Sprintf("A passphrase for the key of %s: ", safetext.Line(draft.Name)), true)
	if err != nil {
		return answer{}, err
	}
	key, err := draft.Write(secret)
	if err != nil {
		return answer{}, err
	}
	return answer{data: key, view: trustKeygenView(key), message: fmt.Sprintf(
		"next, where the agent runs: orgstore trust attester add %s %s\nkeep %s and its passphrase away from there",
		inQuotes(key.Name), key.Key, key.File)}, nil
}

func trustKeygenView(k attester.Key) output.View {
	return facts(
		[2]string{"person", k.Name},
		[2]string{"private key", k.File + " (attests; its passphrase opens it)"},
		[2]string{"public key", k.Key},
		[2]string{"fingerprint", k.Fingerprint},
		[2]string{"in the settings", fmt.Sprintf("trust: {attesters: [{name: %q, key: %q}]}", k.Name, k.Key)},
	)
}

// inQuotes writes a name for a command line; NAME stands for what shells would
// read in a way of their own.
func inQuotes(name string) string {
	if strings.ContainsAny(name, "\"$`\\!%") {
		return "NAME"
	}
	return `"` + name + `"`
}
