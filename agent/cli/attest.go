package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/pbiviz"
)

// maxEvidence bounds a file that serves as evidence, in bytes.
const maxEvidence = 64 << 20

// attestOptions are those of a vendor's statement, as far as a tenant can say
// the same, and on what evidence it does.
type attestOptions struct {
	issueOptions
	tenant       string
	order        string
	evidence     string
	evidenceFile string
	reason       string
	secret       passphrase
	signer       signer
}

func newAttest(g *globals) *cobra.Command {
	o := &attestOptions{issueOptions: issueOptions{globals: g}}
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
package needs a new one: keep --order, raise --seq by one and move --ends.`,
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
	f.StringVar(&o.key, "key", "", "the private key `FILE` of `orgstore trust keygen`; or --signer")
	o.secret.flags(cmd)
	o.signer.flags(cmd)
	f.StringVar(&o.tenant, "tenant", "", "the tenant's `ID`; without it that of the settings, if there are some")
	f.StringVar(&o.ends, "ends", "", "the `DAY` on which the license ends, as 2027-11-20; valid before it (required)")
	f.StringVar(&o.begins, "begins", "", "the first `DAY` on which it is valid; without it today")
	f.StringVar(&o.kind, "kind", "", "what the license counts: `user`, capacity or site (required)")
	f.Int64Var(&o.quantity, "quantity", 0, "how many users, as a `NUMBER`, if that is known")
	f.StringSliceVar(&o.skus, "sku", nil, "a capacity `SKU`, if that is known; repeatable")
	f.StringSliceVar(&o.sites, "site", nil, "a `HOST`, if that is known; repeatable")
	f.StringVar(&o.order, "order", "", "the order's or subscription's `NUMBER`, the same over all renewals")
	f.Int64Var(&o.sequence, "seq", 1, "`NUMBER` 1 for the first attestation of an order, one more at each renewal")
	f.StringVar(&o.evidence, "evidence", "", "what it rests on, as a `TEXT`: an invoice, a mail of the vendor")
	f.StringVar(&o.evidenceFile, "evidence-file", "", "what it rests on, as a `FILE`, of which name and SHA-256 are kept")
	f.StringVar(&o.reason, "reason", "", "why you attest, as a `TEXT` (required)")
	f.StringVar(&o.out, "out", "", "the `FOLDER` to write to; without it beside each package")
	f.BoolVar(&o.force, "force", false, "overwrite earlier attestations")
	dryRunFlags(cmd, &o.dryRun)
	return cmd
}

func (o *attestOptions) run(ctx context.Context, args []string) (answer, error) {
	if err := o.check(); err != nil {
		return answer{}, err
	}
	key, err := o.attester()
	if err != nil {
		return answer{}, err
	}
	request, err := o.request(key.person)
	if err != nil {
		return answer{}, err
	}
	files := o.Matching(args)
	packages, err := o.opaque(files)
	if err != nil {
		return answer{}, err
	}
	// Whatever is wrong is found before a person types a passphrase.
	draft, err := o.rehearse(request, packages, key)
	if err != nil {
		return answer{}, err
	}
	if err := o.mayDeliver(files, o.results(files, packages, draft)); err != nil {
		return answer{}, err
	}
	if o.dryRun {
		a := o.answer(files, packages, draft)
		a.message = "nothing was written: this was a dry run"
		return a, nil
	}
	return o.sign(ctx, request, files, packages, key)
}

// attester is whose key is to sign: that of a file, or of a command.
func (o *attestOptions) attester() (keyFile, error) {
	if o.signer.command != "" {
		return o.signer.keyFile(o.globals)
	}
	return o.readKeyFile(o.key)
}

// unlock makes the private half ready to sign.
func (o *attestOptions) unlock(ctx context.Context, k keyFile) (issuer.Key, error) {
	if o.signer.command != "" {
		return o.signer.open(ctx, o.globals, k)
	}
	secret, err := o.secret.ask(ctx, o.globals, fmt.Sprintf("The passphrase of %s for %s: ", safetext.Line(k.person), safetext.Line(k.name)), false)
	if err != nil {
		return issuer.Key{}, err
	}
	return k.open(secret)
}

// sign signs and writes.
func (o *attestOptions) sign(ctx context.Context, r issuer.Request, files []string, packages []*pbiviz.Package, k keyFile) (answer, error) {
	key, err := o.unlock(ctx, k)
	if err != nil {
		return answer{}, err
	}
	issued, err := o.attest(r, packages, key)
	if err != nil {
		return answer{}, o.signer.unsigned(err)
	}
	if err := o.deliver(files, o.results(files, packages, issued)); err != nil {
		return answer{}, err
	}
	return o.answer(files, packages, issued), nil
}

// place is where the attestation about a package is written.
func (o *attestOptions) place(file string) string {
	if o.out != "" {
		file = filepath.Join(o.out, filepath.Base(file))
	}
	return file + license.StatementSuffix
}

func (o *attestOptions) results(files []string, packages []*pbiviz.Package, issued []issuer.Issued) []newFile {
	var all []newFile
	for i, file := range files {
		made, _ := about(issued, packages[i])
		all = append(all, newFile{o.place(file), 0o644, append(slices.Clone(made.Token), '\n')})
	}
	return all
}

// mayDeliver refuses what deliver would, and to overwrite what a vendor signed,
// whoever forces it: the vendor's word counts for more.
func (o *attestOptions) mayDeliver(files []string, results []newFile) error {
	for _, r := range results {
		if text, err := o.Read(r.name, license.MaxStatement); err == nil && fromVendor(text) {
			return fault.New("attest.signed", "the vendor's word counts for more: if it cannot be believed, see why with `orgstore license show`; to keep both, name another folder with --out",
				"%s is a license statement of a vendor, and stays", r.name)
		}
	}
	preview := o.issueOptions
	preview.dryRun = true
	return preview.deliver(files, results)
}

// fromVendor says whether a license statement is no attestation: only those name
// the digests of files.
func fromVendor(text []byte) bool {
	said, err := license.Peek(text)
	return err == nil && !slices.ContainsFunc(said.Packages, func(l license.Listed) bool { return !l.File.IsZero() })
}

type attestedData struct {
	issuedData
	Attester string `json:"attester"`
	KeyID    string `json:"key_id"`
	Evidence string `json:"evidence"`
	Reason   string `json:"reason"`
}

func (o *attestOptions) answer(files []string, packages []*pbiviz.Package, issued []issuer.Issued) answer {
	data := []attestedData{}
	view := output.View{Columns: []string{"FILE", "VISUAL", "VERSION", "KIND", "SUBSCRIPTION", "SEQUENCE", "BEGINS", "ENDS", "ATTESTER"}}
	for i, file := range files {
		made, _ := about(issued, packages[i])
		t, m, name := made.Statement.Terms, packages[i].Manifest(), o.place(file)
		data = append(data, attestedData{
			issuedData{name, m.GUID.String(), m.Version.String(), t.ID, t.Subscription, t.Sequence, engine.Timestamp(t.Begins), engine.Timestamp(t.Ends)},
			t.Attester, t.KeyID, t.Evidence.String(), t.Reason,
		})
		view.Rows = append(view.Rows, []string{
			name, m.DisplayName, m.Version.String(), string(t.Kind), t.Subscription, fmt.Sprint(t.Sequence), engine.FormatDay(t.Begins), engine.FormatDay(t.Ends), t.Attester,
		})
	}
	return answer{data: data, view: view, message: "next: put package and license into the library of the agent, or there: orgstore package add PACKAGE"}
}
