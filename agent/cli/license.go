package cli

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
	"github.com/orgstore/orgstore/packages/license"
)

func newLicense(g *globals) *cobra.Command {
	return group("license", "Show until when what is installed may be used", `Show until when what is installed may be used.

Licenses are verified offline, with the keys of vendors whom the settings trust.`, newLicenseStatus(g), newLicenseRunway(g), newLicenseShow(g), newAttest(g), newLicenseProfiles(g))
}

type licenseStatusOptions struct {
	*globals
	warn     int
	detailed bool
}

func newLicenseStatus(g *globals) *cobra.Command {
	o := &licenseStatusOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show every installed visual's license, the most urgent first",
		Long: `Show every installed visual's license, the most urgent first.

A license is valid before its end, not at it. USE says whether it covers how the
visual is used, where facts.yaml in the data folder says so. RENEWAL says whether
a renewed package is here and verified. STATUS LIST is the vendor's newest word on
what it revoked; a revoked license is shown first, and what is installed stays.`,
		Example: `  orgstore license status
  orgstore license status --warn 30 --detailed-exitcode   # for scheduled checks: 2 where one ends soon`,
		Args: arguments(cobra.NoArgs),
		RunE: g.answering(func(ctx context.Context, _ []string) (answer, error) { return o.run(ctx) }),
	}
	cmd.Flags().IntVar(&o.warn, "warn", engine.WarnDays, "how many `DAYS` before its end a license counts as ending")
	cmd.Flags().BoolVar(&o.detailed, "detailed-exitcode", false, "exit with 2 where a license needs attention, 0 where none does, 1 on any error")
	return cmd
}

func (o *licenseStatusOptions) run(ctx context.Context) (answer, error) {
	out, err := carryOut(ctx, o.globals, operation.LicenseStatus, engine.LicenseStatusRequest{WarnDays: o.warn})
	r := out.Result
	if err != nil && r.Licenses == nil {
		return answer{}, err
	}
	a := answer{data: r.Licenses, view: licenseView(r.Licenses), message: o.withIncomplete(r.Message, out.Incomplete)}
	if o.detailed && r.NeedsSomebody {
		a.exit = exitChanges
	}
	return a, err
}

func licenseView(data []engine.LicenseStatus) output.View {
	view := output.View{Columns: []string{"VISUAL", "VERSION", "GRADE", "KIND", "UNTIL", "DAYS LEFT", "USE", "STATE", "RENEWAL", "STATUS LIST"}}
	for _, d := range data {
		left := output.Nothing
		if d.License.DaysLeft != nil {
			left = strconv.Itoa(*d.License.DaysLeft)
		}
		view.Rows = append(view.Rows, []string{
			cmp.Or(d.Name, d.GUID), d.Version, d.License.Grade, orDash(d.License.Kind),
			orDash(dayOf(d.License.Ends)), left, d.Use, d.State, d.Renewal, listLines(d.StatusLists),
		})
	}
	return view
}

func newLicenseShow(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "show FILE",
		Short: "Explain a package's license, and why it is or is not believed",
		Long: `Explain a package's license, and why it is or is not believed.

FILE is a package, with its statement inside or beside it.`,
		Example: "  orgstore license show inbox/gauge.pbiviz",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) {
			j, err := g.verifier(ctx)
			if err != nil {
				return answer{}, err
			}
			d := j.Verify(args[0])
			return answer{data: d, view: explain(d)}, engine.RefusedPackages([]engine.Package{d})
		}),
	}
}

// explain tells a person line by line what a license says.
func explain(d engine.Package) output.View {
	l := d.License
	rows := [][2]string{
		{"package", fmt.Sprintf("%s %s (%s)", cmp.Or(d.Name, d.File), orDash(d.Version), orDash(short(d.Digest)))},
		{"verdict", d.Verdict},
		{"grade", l.Grade + ", " + gradeWords(license.Grade(l.Grade))},
	}
	if d.Found != "" {
		rows = append(rows, [2]string{"found", d.Found})
	}
	if l.ID != "" || l.Ends != "" { // otherwise there is nothing that could be believed
		rows = append(rows, [][2]string{
			{"issuer", orDash(l.Issuer)}, {"key", orDash(l.KeyID)}, {"licensee", orDash(l.Licensee)},
			{"subscription", fmt.Sprintf("%s, number %d of it", orDash(l.Subscription), l.Sequence)},
			{"for", counts(l)}, {"valid from", orDash(l.Begins)}, {"valid before", validBefore(l)},
		}...)
	}
	if a := l.Attested; a != nil {
		rows = append(rows, [][2]string{{"attested by", a.By}, {"evidence", a.Evidence}, {"reason", a.Reason}}...)
	}
	for _, r := range d.Reasons {
		rows = append(rows, [2]string{r.Code, r.Message})
		if r.Hint != "" {
			rows = append(rows, [2]string{"", r.Hint})
		}
	}
	return facts(rows...)
}

func validBefore(l engine.License) string {
	switch {
	case l.DaysLeft == nil:
		return "-"
	case *l.DaysLeft < 0:
		return l.Ends + ", ended"
	}
	return l.Ends + ", days left: " + strconv.Itoa(*l.DaysLeft)
}

func gradeWords(g license.Grade) string {
	switch g {
	case license.Signed:
		return "the vendor's statement, verified with a key that the settings trust"
	case license.Attested:
		return "this tenant's own statement"
	case license.Readable:
		return "readable inside the package; its signature cannot be checked"
	}
	return "no statement that could be believed"
}

func counts(l engine.License) string {
	switch license.Kind(l.Kind) {
	case license.User:
		return fmt.Sprintf("%d users (designers and viewers)", l.Quantity)
	case license.Capacity:
		return "capacities of size " + strings.Join(l.SKU, ", ")
	case license.Site:
		return "embedded sites " + strings.Join(l.Sites, ", ")
	}
	return output.Nothing
}
