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
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
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

type licenseStatusData struct {
	GUID     string         `json:"guid"`
	Name     string         `json:"name"`
	Version  string         `json:"version"`
	License  engine.License `json:"license"`
	State    string         `json:"state"`   // ok, ending, ended, revoked, unknown
	Renewal  string         `json:"renewal"` // what is known of one
	Use      string         `json:"use"`     // covered, unchecked, or what is wrong
	Findings bool           `json:"finding"`
	// StatusLists say what the license's issuer revoked, as far as was seen.
	StatusLists []statusList `json:"status_lists"`
}

func (o *licenseStatusOptions) run(ctx context.Context) (answer, error) {
	if o.warn < 0 {
		return answer{}, fault.Usage("give a number of days, such as 30", "--warn: %d is below 0", o.warn)
	}
	s, err := o.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	p, in, err := s.LookAndPlan(ctx, nil)
	if err != nil {
		return answer{}, err
	}
	data := []licenseStatusData{}
	for _, l := range s.Lines(p) {
		if l.State.Presence == store.Present {
			data = append(data, o.statusOf(s, l, in.Candidates))
		}
	}
	slices.SortStableFunc(data, func(a, b licenseStatusData) int {
		return cmp.Or(cmp.Compare(urgency(a), urgency(b)), cmp.Compare(a.License.Ends, b.License.Ends))
	})
	a := answer{data: data, view: licenseView(data), message: s.said(s.aged(s.Facts))}
	if len(data) == 0 {
		a.message = "nothing is installed"
	}
	if o.detailed && slices.ContainsFunc(data, func(d licenseStatusData) bool { return d.Findings }) {
		a.exit = exitChanges
	}
	return a, nil
}

func (o *licenseStatusOptions) statusOf(s *session, l engine.VisualLine, candidates []plan.Candidate) licenseStatusData {
	at := s.Moment()
	if l.State.License.IsZero() && l.State.Release != nil { // put before the profile that reads it came
		if p, ok := s.Journal.Book().Package(l.State.Release.Digest); ok {
			l.State.License, _ = s.Observer().Readable(s.Journal.Book(), p)
		}
	}
	d := licenseStatusData{GUID: l.Key.GUID.String(), Name: l.Name, Version: engine.VersionText(l.State), License: engine.LicenseOf(l.State.License, at)}
	ends := l.State.License.Ends
	switch {
	case ends.IsZero():
		d.State = "unknown"
	case !at.Before(ends):
		d.State = "ended"
	case l.State.License.DaysLeft(at) <= o.warn:
		d.State = "ending"
	default:
		d.State = "ok"
	}
	installed := engine.InstalledCandidate(l, candidates)
	if installed.Judgment.Has(engine.CodeRevoked) {
		d.State = "revoked"
	}
	var short bool
	d.Use, short = used(s.Observer().Entitled(l.Key.GUID, l.State.License, true))
	d.StatusLists = statusLists(s.CurrentTrust(), s.Journal.Book(), []string{l.State.License.Issuer}, at)
	stale := slices.ContainsFunc(d.StatusLists, func(s statusList) bool { return s.State != "ok" })
	d.Renewal = renewal(l, d.State, engine.Unattested(l, candidates))
	if why, lost := engine.UntrustedVendor(s.Trust, l.State.License); lost {
		stale, d.Renewal = true, "cannot be verified now: "+why
	}
	d.Findings = d.State != "ok" || short || stale
	return d
}

// used says whether a license covers what is used of a visual, as far as
// anybody told; short says that it does not.
func used(findings []verdict.Finding) (text string, short bool) {
	worst := verdict.Judge(findings...)
	switch {
	case len(findings) == 0:
		return "covered", false
	case worst.Verdict == verdict.Accept:
		return "unchecked", false
	}
	return worst.Findings[0].Message, true
}

// renewal says what is known of the next license.
func renewal(l engine.VisualLine, state, unattested string) string {
	switch {
	case l.Step != nil && l.Step.To.License.Ends.After(l.State.License.Ends):
		return fmt.Sprintf("here and verified: %s to %s until %s with the next apply", l.Step.Kind, engine.VersionText(l.Step.To), engine.FormatDay(l.Step.To.License.Ends))
	case l.Step != nil && l.Step.Kind == change.Renew:
		return "here and verified; goes in with the next apply"
	case l.Reason.Code == plan.CodeNotBegun:
		return l.Reason.Message
	case unattested != "":
		return unattested
	case state == "ok":
		return output.Nothing
	case state == "revoked":
		return "it stays installed; ask the vendor why, and for a new license"
	}
	return "none is here; ask the vendor for the renewed package"
}

func urgency(d licenseStatusData) int {
	return slices.Index([]string{"revoked", "ended", "ending", "unknown", "ok"}, d.State)
}

func licenseView(data []licenseStatusData) output.View {
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
			j, err := g.judge(ctx)
			if err != nil {
				return answer{}, err
			}
			d := j.verify(args[0])
			return answer{data: d, view: explain(d)}, refusedPackages([]engine.Package{d})
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
