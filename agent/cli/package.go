package cli

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

func newPackage(g *globals) *cobra.Command {
	return group("package", "Take packages in, verify, list and compare them", `Take packages in, verify, list and compare them.

A package is a visual's .pbiviz file, of either generation. Verify, show and diff
of files need no settings and keep nothing.`,
		newPackageAdd(g), newPackageUpload(g), newPackageVerify(g), newPackageList(g), newPackageShow(g), newPackageDiff(g))
}

// unreadable is what is said of a file that is no package.
func unreadable(file string, r *verdict.Refusal) engine.Package {
	return engine.Package{
		File: file, Verdict: string(verdict.Reject), Reasons: engine.ReasonsOf(r.Findings),
		License: engine.LicenseOf(license.Terms{}, moment.Moment{}),
	}
}

func packageAnswer(packages []engine.Package) answer {
	view := output.View{Columns: []string{"PACKAGE", "VERSION", "DIGEST", "VERDICT", "LICENSE", "UNTIL", "DAYS LEFT", "FILE", "WHY"}}
	for _, p := range packages {
		left, reason := output.Nothing, output.Nothing
		if p.License.DaysLeft != nil {
			left = strconv.Itoa(*p.License.DaysLeft)
		}
		if len(p.Reasons) > 0 && p.Verdict != string(verdict.Accept) {
			reason = p.Reasons[0].Message
		}
		view.Rows = append(view.Rows, []string{
			orDash(p.Name), orDash(p.Version), orDash(short(p.Digest)), p.Verdict,
			gradeBy(p.License), orDash(dayOf(p.License.Ends)), left, p.File, reason,
		})
	}
	return answer{data: packages, view: view}
}

// short cuts a digest's text to what people compare.
func short(digest string) string {
	d, err := visual.ParseDigest(digest)
	if err != nil || d.IsZero() {
		return ""
	}
	return d.Short()
}

// dayOf cuts a timestamp to its day.
func dayOf(stamp string) string {
	if len(stamp) < len("2006-01-02") {
		return stamp
	}
	return stamp[:len("2006-01-02")]
}

// refusedPackages turns rejected packages into the command's error, which is
// about the first.
func refusedPackages(packages []engine.Package) error {
	refused := slices.DeleteFunc(slices.Clone(packages), func(p engine.Package) bool {
		return p.Verdict != string(verdict.Reject) || len(p.Reasons) == 0
	})
	if len(refused) == 0 {
		return nil
	}
	p, r, because, message := refused[0], refused[0].Reasons[0], fault.CodeLicense, ""
	if p.GUID == "" { // no package at all
		because = verdict.Code(r.Code)
	}
	if strings.HasPrefix(r.Code, "file.") {
		message = r.Message
	} else {
		message = fmt.Sprintf("%s is refused: %s", p.File, r.Message)
	}
	if n := len(refused); n > 1 {
		message += fmt.Sprintf(" (and %d more)", n-1)
	}
	f := fault.New(r.Code, cmp.Or(r.Hint, "ask the vendor for the file, exactly as it was made"), "%s", message)
	f.Because = because
	return f
}

func newPackageAdd(g *globals) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "add FILE...",
		Short: "Take packages, license statements and status lists in",
		Long: `Take packages, license statements and status lists in.

Whatever is well formed is kept in the archive, byte for byte; what lacks a
license waits until its statement or the vendor's trust bundle arrives, in any
order. A statement beside a package (NAME.pbiviz.license) comes along. A vendor's
status list, which says what it revoked, is a .license file too, whatever it is
called. A FILE may be a pattern. Nothing changes in the store until apply.`,
		Example: `  orgstore package add "Aurora Gauge 1.4.pbiviz"
  orgstore package add renewed.pbiviz.license
  orgstore package add aurora-status.license`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) {
			files := g.matching(args)
			if dryRun {
				return g.tryPackages(ctx, files)
			}
			s, err := g.open(ctx)
			if err != nil {
				return answer{}, err
			}
			defer s.Close()
			return s.addPackages(ctx, files)
		}),
	}
	dryRunFlags(cmd, &dryRun)
	return cmd
}

// tryPackages says what add would take in, and takes nothing in.
func (g *globals) tryPackages(ctx context.Context, files []string) (answer, error) {
	j, err := g.judge(ctx)
	if err != nil {
		return answer{}, err
	}
	data := []engine.Package{}
	for _, file := range files {
		if !intake.IsStatement(file) {
			data = append(data, j.verify(file))
			continue
		}
		text, err := g.read(file, license.MaxStatus)
		switch {
		case err == nil && license.IsStatus(text):
			_, err = license.PeekStatus(text)
		case err == nil:
			_, err = license.Peek(text)
		}
		if err != nil {
			data = append(data, unreadable(file, refusalOf(err)))
		}
	}
	a := packageAnswer(data)
	a.message = "nothing was taken in: this was a dry run"
	return a, refusedPackages(slices.DeleteFunc(slices.Clone(data), waits))
}

func (s *session) addPackages(ctx context.Context, files []string) (answer, error) {
	var here []visual.Digest // the packages that the files are, or are about
	var waiting []string     // what is kept and waits for something else
	data := []engine.Package{}
	for _, file := range withSidecars(s, files) {
		text, err := s.read(file, pbiviz.DefaultLimits().FileSize)
		if err != nil {
			data = append(data, unreadable(file, refusalOf(err)))
			continue
		}
		taken, err := s.Importer().Take(ctx, s.Tx, file, text)
		if err != nil {
			return packageAnswer(data), err
		}
		switch about := s.Journal.Book().PackagesAbout(taken.Statement); {
		case taken.Waits:
			waiting = append(waiting, filepath.Base(file)+" is kept and waits for its vendor's trust bundle")
		case taken.Refused != nil:
			data = append(data, unreadable(file, taken.Refused))
		case !taken.Status.IsZero():
			waiting = append(waiting, filepath.Base(file)+" is the status list of its vendor from now on: see `orgstore trust list`")
		case !taken.Package.IsZero():
			here = append(here, taken.Package)
		case len(about) == 0 && !slices.Contains(files, strings.TrimSuffix(file, intake.StatementSuffix)):
			waiting = append(waiting, filepath.Base(file)+" is kept and waits for its package")
		default:
			here = append(here, about...)
		}
	}
	data = append(data, s.Packages(func(p journal.Package) bool { return slices.Contains(here, p.Package) })...)
	a := packageAnswer(data)
	a.message = whatWaits(data, waiting)
	return a, refusedPackages(slices.DeleteFunc(slices.Clone(data), waits))
}

// codeUnlicensed is the code of the finding that a package has no license.
const codeUnlicensed = "lic.none"

// waits says whether a package only lacks a license: nothing is wrong with it.
func waits(p engine.Package) bool {
	if p.GUID == "" || len(p.Reasons) == 0 {
		return false
	}
	code := p.Reasons[0].Code
	return code == codeUnlicensed || code == string(plan.CodeGrade) && p.License.Grade == string(license.Readable)
}

// whatWaits says what was kept and still needs something to come.
func whatWaits(data []engine.Package, others []string) string {
	var said []string
	for _, p := range data {
		if waits(p) {
			said = append(said, p.File+" is kept and waits for its license")
		}
	}
	return strings.Join(append(said, others...), "\n")
}

// withSidecars puts the statement beside each package before it, unless it was
// named too: then the package's license is known when it is shown.
func withSidecars(s *session, files []string) []string {
	var out []string
	for _, file := range files {
		sidecar := file + intake.StatementSuffix
		if _, err := s.Disk.Stat(sidecar); err == nil && intake.IsPackage(file) && !slices.Contains(files, sidecar) {
			out = append(out, sidecar)
		}
		out = append(out, file)
	}
	return out
}

func newPackageList(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "list [VISUAL...]",
		Short: "List the packages taken in, with what may be done with them",
		Long: `List the packages taken in, with what may be done with them.

Takes in what arrived in the library first. A package with several licenses is
listed once for each.`,
		Example: "  orgstore package list\n  orgstore package list -o csv",
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) {
			only, err := named(args)
			if err != nil {
				return answer{}, err
			}
			s, err := g.open(ctx)
			if err != nil {
				return answer{}, err
			}
			defer s.Close()
			if _, err := s.TakeIn(ctx); err != nil {
				s.NoteUnreadLibrary(err)
			}
			a, err := s.listPackages(only)
			return a, cmp.Or(err, s.SignInError())
		}),
	}
}

func (s *session) listPackages(only []visual.GUID) (answer, error) {
	for _, g := range only {
		for _, p := range s.Journal.Book().Packages() {
			if known := p.Manifest.GUID; known != g && strings.EqualFold(known.String(), g.String()) {
				return answer{}, fault.New("visual.case", "in GUIDs of visuals case counts",
					"there is no visual %s, but there is %s", g, known)
			}
		}
	}
	data := s.Packages(func(p journal.Package) bool {
		return len(only) == 0 || slices.Contains(only, p.Manifest.GUID)
	})
	if len(only) == 0 { // what is no package is of no visual
		for _, r := range s.Journal.Book().ItemRefusals() {
			data = append(data, unreadable(r.Source, &verdict.Refusal{Findings: r.Findings}))
		}
	}
	a := packageAnswer(data)
	switch {
	case len(a.view.Rows) > 0:
	case len(only) > 0:
		a.message = "no packages of it yet"
	default:
		a.message = "no packages yet: put them into " + s.Settings.Library.Place() + ", or use `orgstore package add`"
	}
	return a, nil
}
