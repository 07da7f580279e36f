package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/attester"
	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/license"
)

type attestOptions struct {
	*globals
	attester.Request
	secret passphrase
	dryRun bool
}

// attestPorts is how an attester's work reaches the world outside.
func (g *globals) attestPorts() attester.Ports {
	return attester.Ports{
		Disk: g.Disk, Now: g.Now, Seal: g.Seal, Tenant: g.settingsTenant,
		Announce: func(text string) { g.note("%s", text) }, Messages: g.Err,
	}
}

func newAttest(g *globals) *cobra.Command {
	o := &attestOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "attest PACKAGE...",
		Short: "Attest what is licensed until when, where a license cannot be read",
		Long: `Attest what is licensed until when, where a license cannot be read.

Run it on your own machine, with the key that "orgstore trust keygen" made there:
it needs neither settings nor a journal. A key in a key vault, on a smart card or
in a hardware module signs through --signer: a command that reads the text on its
standard input and prints the signature in base64. In its arguments {digest} stands
for the text's SHA-256 in base64, and {digest-hex} in hex, for tools that sign
digests. The signature is verified before anything is written. The attestation is written beside each
package as NAME.pbiviz.license and is about exactly these bytes, so every renewed
package needs a new one. --after names the license before it: order, number, kind,
and count are taken from that, and a term that adjoins is proposed. See them with
--dry-run, and give --begins and --ends if the invoice says otherwise.`,
		Example: `  orgstore license attest gauge.pbiviz --key ada.key --tenant 8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11 \
      --ends 2027-11-20 --kind user --quantity 250 --order PO-4711 \
      --evidence "invoice 2026-4711" --reason "the vendor's license cannot be read"
  # ES256 in Azure Key Vault; the PEM file is from: az keyvault key download --encoding PEM
  orgstore license attest gauge.pbiviz --ends 2027-11-20 --kind user --evidence "invoice 4711" --reason renewed \
      --name "Ada Lovelace" --public ada.pem \
      --signer "az keyvault key sign --vault-name contoso-bi --name ada --algorithm ES256 --digest {digest} --query signature -o tsv"`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: g.answering(o.run),
	}
	f := cmd.Flags()
	f.StringVar(&o.Key, "key", "", "the private key `FILE` of `orgstore trust keygen`; or --signer")
	o.secret.flags(cmd)
	f.StringVar(&o.Signer.Command, "signer", "", "the `COMMAND` that signs, in place of --key: it reads the text and prints the signature in base64")
	f.StringVar(&o.Signer.Public, "public", "", "the public `KEY` of --signer: NAME:ALGORITHM:KEY, or a PEM file")
	f.StringVar(&o.Signer.Person, "name", "", "whose key --signer has, as the `NAME` in the settings")
	f.StringVar(&o.Tenant, "tenant", "", "the tenant's `ID`; without it that of the settings, if there are some")
	f.StringVar(&o.Ends, "ends", "", "the `DAY` on which the license ends, as 2027-11-20; valid before it (required without --after)")
	f.StringVar(&o.Begins, "begins", "", "the first `DAY` on which it is valid; without it today")
	f.StringVar(&o.After, "after", "", "the license `FILE` that this one follows: what you do not give is taken from it")
	f.StringVar(&o.Kind, "kind", "", "what the license counts: `user`, capacity or site (required without --after)")
	f.Int64Var(&o.Quantity, "quantity", 0, "how many users, as a `NUMBER`, if that is known")
	f.StringSliceVar(&o.SKUs, "sku", nil, "a capacity `SKU`, if that is known; repeatable")
	f.StringSliceVar(&o.Sites, "site", nil, "a `HOST`, if that is known; repeatable")
	f.StringVar(&o.Order, "order", "", "the order's or subscription's `NUMBER`, the same over all renewals")
	f.Int64Var(&o.Sequence, "seq", 1, "`NUMBER` 1 for the first attestation of an order, one more at each renewal")
	f.StringVar(&o.Evidence, "evidence", "", "what it rests on, as a `TEXT`: an invoice, a mail of the vendor")
	f.StringVar(&o.EvidenceFile, "evidence-file", "", "what it rests on, as a `FILE`, of which name and SHA-256 are kept")
	f.StringVar(&o.Reason, "reason", "", "why you attest, as a `TEXT` (required)")
	f.StringVar(&o.Folder, "out", "", "the `FOLDER` to write to; without it beside each package")
	f.BoolVar(&o.Force, "force", false, "overwrite earlier attestations")
	dryRunFlags(cmd, &o.dryRun)
	return cmd
}

func (o *attestOptions) run(ctx context.Context, args []string) (answer, error) {
	o.Packages = o.Matching(args)
	draft, err := o.attestPorts().Draft(o.Request)
	if err != nil {
		return answer{}, err
	}
	if o.dryRun {
		return attestedAnswer(draft.Attestations, "nothing was written: this was a dry run"), nil
	}
	secret := ""
	if draft.NeedsPassphrase() {
		prompt := fmt.Sprintf("The passphrase of %s for %s: ", safetext.Line(draft.Attester()), safetext.Line(o.Key))
		if secret, err = o.secret.ask(ctx, o.globals, prompt, false); err != nil {
			return answer{}, err
		}
	}
	signed, err := draft.Sign(ctx, secret)
	if err != nil {
		return answer{}, err
	}
	return attestedAnswer(signed, "next: put package and license into the library of the agent, or there: orgstore package add PACKAGE"), nil
}

// settingsTenant is the ID of the settings' tenant.
func (g *globals) settingsTenant() (string, error) {
	settings, err := g.settings()
	if f := (*fault.Fault)(nil); errors.As(err, &f) && f.Code == codeNoSettings {
		return "", fault.Usage("give --tenant, the id that the Azure portal shows", "there are no settings here that name the tenant")
	}
	return settings.Tenant, err
}

func attestedAnswer(all []attester.Attestation, message string) answer {
	view := output.View{Columns: []string{"FILE", "VISUAL", "VERSION", "KIND", "SUBSCRIPTION", "SEQUENCE", "BEGINS", "ENDS", "ATTESTER"}}
	for _, a := range all {
		view.Rows = append(view.Rows, []string{
			a.File, a.Visual, a.Version, a.Kind, a.Subscription, fmt.Sprint(a.Sequence), dayOf(a.Begins), dayOf(a.Ends), a.Attester,
		})
	}
	return answer{data: all, view: view, message: message}
}

// publicKey reads the public half of a person's key.
func (g *globals) publicKey(text, person string) (license.Key, error) {
	return attester.ReadPublicKey(g.Disk, text, person)
}
