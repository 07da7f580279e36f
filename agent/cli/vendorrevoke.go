package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
)

type revokeOptions struct {
	*globals
	key, bundleFile           string
	statements, subscriptions []string
	previous                  string
	sequence                  int64
	next                      string
	out                       string
	dryRun                    bool
}

func newRevoke(g *globals) *cobra.Command {
	o := &revokeOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "revoke",
		Short: "Sign the list of what was revoked before its end",
		Long: `Sign the list of what was revoked before its end, for all customers.

Each list takes the place of the one before, so it holds everything that is still
revoked: --previous takes over the last list, with its number and one more. The
first list, and one that revokes nothing, are as good. Customers are warned once
the day of --next is over and no newer list has come.

The list is written as NAME-status-NUMBER.license, NAME being the bundle's;
customers put it into their inbox as any other license. What is revoked is never
installed again, and stays where it is installed: nobody's report goes dark.`,
		Example: `  orgstore vendor revoke --key keys/aurora-status.key --bundle keys/aurora.trust --next 2027-02-20 --out lists
  orgstore vendor revoke --key keys/aurora-status.key --bundle keys/aurora.trust --next 2027-05-20 --out lists \
      --previous lists/aurora-status-1.license --subscription sub-88213`,
		Args: arguments(cobra.NoArgs),
		RunE: g.answering(func(context.Context, []string) (answer, error) { return o.run() }),
	}
	f := cmd.Flags()
	f.StringVar(&o.key, "key", "", "the status key `FILE` (required)")
	f.StringVar(&o.bundleFile, "bundle", "", "the trust bundle `FILE` that names the key (required)")
	f.StringSliceVar(&o.statements, "statement", nil, "the `ID` of a statement to revoke; repeatable")
	f.StringSliceVar(&o.subscriptions, "subscription", nil, "the `ID` of a subscription to revoke, with all its statements; repeatable")
	f.StringVar(&o.previous, "previous", "", "the last list's `FILE`: what it revoked stays revoked")
	f.Int64Var(&o.sequence, "seq", 0, "the list's `NUMBER`; without it 1, or one more than --previous")
	f.StringVar(&o.next, "next", "", "the `DAY` by which the next list comes, as 2027-02-20 (required)")
	f.StringVar(&o.out, "out", ".", "the `FOLDER` to write to")
	dryRunFlags(cmd, &o.dryRun)
	return cmd
}

type revokedData struct {
	File          string   `json:"file"`
	Issuer        string   `json:"issuer"`
	KeyID         string   `json:"key_id"`
	Sequence      int64    `json:"sequence"`
	Issued        string   `json:"issued"`
	Next          string   `json:"next"`
	Statements    []string `json:"statements"`
	Subscriptions []string `json:"subscriptions"`
}

func (o *revokeOptions) run() (answer, error) {
	switch {
	case o.key == "" || o.bundleFile == "":
		return answer{}, fault.Usage("make them with `orgstore vendor keygen`", "signing needs --key and --bundle")
	case o.next == "":
		return answer{}, fault.Usage("give --next, such as a day in three months", "a list says by which day the next one comes")
	case o.sequence < 0:
		return answer{}, fault.Usage("1 for the first list, one more for each next", "--seq: %d is below 1", o.sequence)
	}
	speaker, key, err := o.vendorKey(o.bundleFile, o.key, license.UseStatus)
	if err != nil {
		return answer{}, err
	}
	bundle, err := o.vendorBundle(o.bundleFile)
	if err != nil {
		return answer{}, err
	}
	r, err := o.revocation(speaker)
	if err != nil {
		return answer{}, err
	}
	list, err := issuer.Revoke(r, key)
	if err != nil {
		return answer{}, fault.Usage("mend the flags; see `orgstore vendor revoke --help`", "%w", err)
	}
	file := filepath.Join(o.out, fmt.Sprintf("%s-status-%d%s", bundleStem(o.bundleFile, bundle.Version()), r.Sequence, license.StatementSuffix))
	data := revokedData{file, r.Issuer, key.ID, r.Sequence, engine.Timestamp(r.Issued), engine.Timestamp(r.Next), r.Statements, r.Subscriptions}
	a := answer{data: data, view: revokedView(data)}
	files := []newFile{{file, 0o644, append(list, '\n')}}
	if o.dryRun {
		a.message = "nothing was written: this was a dry run"
		return a, o.allNew(files)
	}
	return a, o.createAll(files)
}

// revocation is what the flags ask for, with what the list before revoked.
func (o *revokeOptions) revocation(speaker license.Issuer) (issuer.Revocation, error) {
	r := issuer.Revocation{
		Issuer: speaker.Name, Sequence: o.sequence, Issued: o.Now().UTC().Truncate(time.Second),
		Statements: slices.Clone(o.statements), Subscriptions: slices.Clone(o.subscriptions),
	}
	var err error
	if r.Next, err = issuer.ParseDate(o.next); err != nil {
		return r, fault.Usage("write the day as 2027-02-20", "--next: %w", err)
	}
	if !r.Next.After(r.Issued) {
		return r, fault.Usage("give a day to come, such as one in three months", "--next: %s is over", o.next)
	}
	last, err := o.last(speaker)
	if err != nil {
		return r, err
	}
	r.Statements, r.Subscriptions = sortedUnique(r.Statements, last.Statements()), sortedUnique(r.Subscriptions, last.Subscriptions())
	if r.Sequence == 0 {
		r.Sequence = last.Sequence() + 1
	}
	if r.Sequence <= last.Sequence() {
		return r, fault.Usage(fmt.Sprintf("give at least %d, or leave it out", last.Sequence()+1), "--seq: %d is not above the last list's %d", r.Sequence, last.Sequence())
	}
	return r, nil
}

// last reads the list before, and makes sure that it is the vendor's own.
func (o *revokeOptions) last(speaker license.Issuer) (license.StatusList, error) {
	if o.previous == "" {
		return license.StatusList{}, nil
	}
	text, err := o.Read(o.previous, license.MaxStatus)
	if err != nil {
		return license.StatusList{}, err
	}
	peek, err := license.PeekStatus(text)
	if err != nil {
		return peek, fmt.Errorf("cannot read the last list %s: %w", o.previous, err)
	}
	for _, k := range speaker.Keys {
		if k.ID == peek.KeyID() {
			list, err := license.ReadStatus(text, speaker.Name, k)
			if err != nil {
				err = fmt.Errorf("cannot read the last list %s: %w", o.previous, err)
			}
			return list, err
		}
	}
	return peek, fault.New("key.unlisted", "name the newest bundle, which still lists it",
		"the last list %s is signed with %q, which %s does not list", o.previous, peek.KeyID(), o.bundleFile)
}

func sortedUnique(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return append([]string{}, slices.Compact(all)...)
}

// bundleStem is what files are called that follow a bundle: aurora, of the first
// one in aurora.trust and of the second in aurora-2.trust.
func bundleStem(file string, version int64) string {
	stem := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	if version == 1 {
		return stem
	}
	return strings.TrimSuffix(stem, fmt.Sprintf("-%d", version))
}

func revokedView(d revokedData) output.View {
	return facts(
		[2]string{"status list", d.File + " (for all customers)"},
		[2]string{"issuer", d.Issuer},
		[2]string{"number", fmt.Sprint(d.Sequence)},
		[2]string{"next by", d.Next[:len("2027-02-20")]},
		[2]string{"statements", strings.Join(d.Statements, ", ")},
		[2]string{"subscriptions", strings.Join(d.Subscriptions, ", ")},
	)
}
