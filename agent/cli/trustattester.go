package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
)

func newTrustAttester(g *globals) *cobra.Command {
	return group("attester", "Say which of your own people may attest licenses", `Say which of your own people may attest licenses.

An attestation says, of exact bytes, what is licensed until when, where a vendor's
own license cannot be read. The settings hold the public halves of the keys; the
private ones stay with the people.`, newAttesterAdd(g), newAttesterList(g))
}

type attesterOptions struct {
	*globals
	account string
	confirmation
}

func newAttesterAdd(g *globals) *cobra.Command {
	o := &attesterOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "add NAME KEY",
		Short: "Let a person attest licenses, by the public half of a key",
		Long: `Let a person attest licenses, by the public half of a key.

KEY is the public key that "orgstore trust keygen" printed on the person's own
machine, or the PEM file of a key that a key vault or a hardware module holds (see
"orgstore license attest --help"). Shows it and asks: compare the fingerprint with that person. Somebody
with two keys is added twice, under the same name. With --account, whoever attests
a license lets no change to it pass: that takes somebody else (exit 12).`,
		Example: `  orgstore trust attester add "Ada Lovelace" ada-lovelace-0fb4c3:Ed25519:iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w
  orgstore trust attester add "Ada Lovelace" ada.pem --account 'CONTOSO\ada'`,
		Args: arguments(cobra.ExactArgs(2)),
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) { return o.run(ctx, args[0], args[1]) }),
	}
	cmd.Flags().StringVar(&o.account, "account", "", "the person's `ACCOUNT` where orgstore runs, by name or ID, as `orgstore history` shows actors")
	o.confirmation.flags(cmd, "let the person attest without asking")
	return cmd
}

func (o *attesterOptions) run(ctx context.Context, name, text string) (answer, error) {
	key, err := o.publicKey(text, strings.TrimSpace(name))
	if err != nil {
		return answer{}, err
	}
	r := engine.AddAttesterRequest{Name: name, Key: key.Text(), Account: o.account, DryRun: o.dryRun}
	out, err := askShowing(ctx, o.globals, o.confirmation, nil, func(c engine.Consent) (engine.AttestersResult, *engine.Question, error) {
		r.Consent = c
		out, err := carryOut(ctx, o.globals, operation.AddAttester, r)
		return out.Result, out.Result.Question, err
	})
	if err != nil {
		return answer{}, err
	}
	return attestersAnswer(out), nil
}

func newAttesterList(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the people who may attest licenses",
		Example: "  orgstore trust attester list -o json",
		Args:    arguments(cobra.NoArgs),
		RunE: g.answering(func(ctx context.Context, _ []string) (answer, error) {
			out, err := carryOut(ctx, g, operation.Attesters, engine.AttestersRequest{})
			if err != nil {
				return answer{}, err
			}
			return attestersAnswer(out.Result), nil
		}),
	}
}

func attestersAnswer(r engine.AttestersResult) answer {
	view := output.View{Columns: []string{"PERSON", "KEY", "FINGERPRINT", "ACCOUNT"}}
	for _, a := range r.Attesters {
		view.Rows = append(view.Rows, []string{a.Name, a.Key, a.Fingerprint, orDash(a.Account)})
	}
	return answer{data: r.Attesters, view: view, message: r.Message}
}
