package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/safetext"
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

type attesterData struct {
	Name        string `json:"name"`
	KeyID       string `json:"key_id"`
	Key         string `json:"key"`
	Fingerprint string `json:"fingerprint"`
	Account     string `json:"account"`
}

func attesterOf(a config.Attester) attesterData {
	return attesterData{a.Name, a.Key.ID, a.Key.Text(), a.Key.Fingerprint(), a.Account}
}

func (o *attesterOptions) run(ctx context.Context, name, text string) (answer, error) {
	key, err := o.publicKey(text, strings.TrimSpace(name))
	if err != nil {
		return answer{}, err
	}
	a := config.Attester{Name: strings.TrimSpace(name), Key: key, Account: strings.TrimSpace(o.account)}
	settings, err := o.settings() // before a person is asked anything
	if err != nil {
		return answer{}, err
	}
	settings.Trust.Attesters = append(settings.Trust.Attesters, a)
	if _, err := o.ReadTrust(settings); err != nil {
		return answer{}, err
	}
	add := func(text []byte) ([]byte, error) { return config.AddAttester(text, a) }
	if err := o.edit(true, add); err != nil {
		return answer{}, err
	}
	data := []attesterData{attesterOf(a)}
	found := answer{data: data, view: attesterView(data), message: a.Name + " may attest licenses with the key " + a.Key.ID}
	if o.dryRun {
		found.message = "nothing was done: this was a dry run"
		return found, nil
	}
	question := fmt.Sprintf("let %s attest licenses with the key\n  %s\nwhose fingerprint is\n  %s\n(compare it with that person)",
		safetext.Line(a.Name), a.Key.Text(), a.Key.Fingerprint())
	if err := o.confirm(ctx, o.globals, nil, question); err != nil {
		return answer{}, err
	}
	return found, o.edit(false, add)
}

func newAttesterList(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the people who may attest licenses",
		Example: "  orgstore trust attester list -o json",
		Args:    arguments(cobra.NoArgs),
		RunE: g.answering(func(context.Context, []string) (answer, error) {
			s, err := g.settings()
			if err != nil {
				return answer{}, err
			}
			data := []attesterData{}
			for _, a := range s.Trust.Attesters {
				data = append(data, attesterOf(a))
			}
			found := answer{data: data, view: attesterView(data)}
			if len(data) == 0 {
				found.message = "nobody may attest yet: make a key with `orgstore trust keygen` on the person's own machine"
			}
			return found, nil
		}),
	}
}

func attesterView(attesters []attesterData) output.View {
	view := output.View{Columns: []string{"PERSON", "KEY", "FINGERPRINT", "ACCOUNT"}}
	for _, a := range attesters {
		view.Rows = append(view.Rows, []string{a.Name, a.Key, a.Fingerprint, orDash(a.Account)})
	}
	return view
}
