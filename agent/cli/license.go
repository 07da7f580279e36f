package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

func newLicense(g *globals) *cobra.Command {
	return group("license", "Show until when what is installed may be used", "", newLicenseStatus(g), newLicenseShow(g))
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

A license is valid before its end, not at it. RENEWAL says whether a renewed
package is here and verified.`,
		Example: `  orgstore license status
  orgstore license status --warn 30 --detailed-exitcode   # for scheduled checks: 2 where one ends soon`,
		Args: arguments(cobra.NoArgs),
		RunE: g.answering(func(ctx context.Context, _ []string) (answer, error) { return o.run(ctx) }),
	}
	cmd.Flags().IntVar(&o.warn, "warn", warnDays, "how many `DAYS` before its end a license counts as ending")
	cmd.Flags().BoolVar(&o.detailed, "detailed-exitcode", false, "exit with 2 where a license ends soon, has ended or is not known, 0 where none does, 1 on any error")
	return cmd
}

type licenseStatusData struct {
	GUID     string      `json:"guid"`
	Name     string      `json:"name"`
	Version  string      `json:"version"`
	License  licenseData `json:"license"`
	State    string      `json:"state"`   // ok, ending, ended, unknown
	Renewal  string      `json:"renewal"` // what is known of one
	Findings bool        `json:"finding"`
}

func (o *licenseStatusOptions) run(ctx context.Context) (answer, error) {
	if o.warn < 0 {
		return answer{}, usage("give a number of days, such as 30", "--warn: %d is below 0", o.warn)
	}
	s, err := o.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	p, _, err := s.compute(ctx, nil)
	if err != nil {
		return answer{}, err
	}
	data := []licenseStatusData{}
	for _, l := range lines(p) {
		if l.state.Presence == store.Present {
			data = append(data, o.statusOf(s, l))
		}
	}
	slices.SortStableFunc(data, func(a, b licenseStatusData) int {
		return cmp.Or(cmp.Compare(urgency(a), urgency(b)), cmp.Compare(a.License.Ends, b.License.Ends))
	})
	a := answer{data: data, view: licenseView(data)}
	if len(data) == 0 {
		a.message = "nothing is installed"
	}
	if o.detailed && slices.ContainsFunc(data, func(d licenseStatusData) bool { return d.Findings }) {
		a.exit = exitChanges
	}
	return a, nil
}

func (o *licenseStatusOptions) statusOf(s *session, l line) licenseStatusData {
	at := s.clock()
	d := licenseStatusData{GUID: l.key.GUID.String(), Name: l.name, Version: versionOf(l.state), License: licenseOf(l.state.License, at)}
	ends := l.state.License.Ends
	switch {
	case ends.IsZero():
		d.State = "unknown"
	case !at.Before(ends):
		d.State = "ended"
	case l.state.License.DaysLeft(at) <= o.warn:
		d.State = "ending"
	default:
		d.State = "ok"
	}
	d.Findings = d.State != "ok"
	d.Renewal = renewal(l, d.State)
	return d
}

// renewal says what is known of the next license.
func renewal(l line, state string) string {
	switch {
	case l.step != nil && l.step.To.License.Ends.After(l.state.License.Ends):
		return fmt.Sprintf("here and verified: %s to %s until %s with the next apply", l.step.Kind, versionOf(l.step.To), day(l.step.To.License.Ends))
	case l.step != nil && l.step.Kind == change.Renew:
		return "here and verified; goes in with the next apply"
	case l.reason.Code == plan.CodeNotBegun:
		return l.reason.Message
	case state == "ok":
		return output.Nothing
	}
	return "none is here; ask the vendor for the renewed package"
}

func urgency(d licenseStatusData) int {
	return slices.Index([]string{"ended", "ending", "unknown", "ok"}, d.State)
}

func licenseView(data []licenseStatusData) output.View {
	view := output.View{Columns: []string{"VISUAL", "VERSION", "GRADE", "KIND", "UNTIL", "DAYS LEFT", "STATE", "RENEWAL"}}
	for _, d := range data {
		left := output.Nothing
		if d.License.DaysLeft != nil {
			left = strconv.Itoa(*d.License.DaysLeft)
		}
		view.Rows = append(view.Rows, []string{
			cmp.Or(d.Name, d.GUID), d.Version, d.License.Grade, orDash(d.License.Kind),
			orDash(dayOf(d.License.Ends)), left, d.State, d.Renewal,
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
			s, err := g.open(ctx)
			if err != nil {
				return answer{}, err
			}
			defer s.Close()
			d, err := s.verify(args[0])
			if err != nil {
				return answer{}, err
			}
			return answer{data: d, view: output.View{Text: explain(d)}}, refusedPackages([]packageData{d})
		}),
	}
}

// explain tells a person line by line what a license says.
func explain(d packageData) string {
	l := d.License
	rows := [][2]string{
		{"package", fmt.Sprintf("%s %s (%s)", cmp.Or(d.Name, d.File), orDash(d.Version), orDash(short(d.Digest)))},
		{"verdict", d.Verdict},
		{"grade", l.Grade + ", " + gradeWords(license.Grade(l.Grade))},
		{"issuer", orDash(l.Issuer)}, {"key", orDash(l.KeyID)}, {"licensee", orDash(l.Licensee)},
		{"subscription", fmt.Sprintf("%s, sequence %d", orDash(l.Subscription), l.Sequence)},
		{"counts", counts(l)},
		{"valid from", orDash(l.Begins)}, {"valid before", orDash(l.Ends)},
	}
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%-13s %s\n", r[0], output.Safe(r[1]))
	}
	for _, r := range d.Reasons {
		fmt.Fprintf(&b, "%-13s %s\n", r.Code, output.Safe(r.Message))
		if r.Hint != "" {
			fmt.Fprintf(&b, "%-13s %s\n", "", output.Safe(r.Hint))
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
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
	return "nothing is known of its license"
}

func counts(l licenseData) string {
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
