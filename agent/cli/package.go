package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

func newPackage(g *globals) *cobra.Command {
	return group("package", "Take packages in, verify, list and compare them", `Take packages in, verify, list and compare them.

A package is a visual's .pbiviz file, of either generation. Verify, show and diff
of files need no settings and keep nothing.`,
		newPackageAdd(g), newPackageUpload(g), newPackageVerify(g), newPackageList(g), newPackageShow(g), newPackageDiff(g))
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
			files := g.Matching(args)
			if dryRun {
				v, err := g.verifier(ctx)
				if err != nil {
					return answer{}, err
				}
				return packagesAnswer(v.TryPackages(files))
			}
			s, err := g.open(ctx)
			if err != nil {
				return answer{}, err
			}
			defer s.Close()
			return packagesAnswer(s.AddPackages(ctx, files))
		}),
	}
	dryRunFlags(cmd, &dryRun)
	return cmd
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
			out, err := carryOut(ctx, g, operation.Packages, engine.PackagesRequest{Visuals: only})
			if out.Result.Packages == nil {
				return answer{}, err
			}
			return packagesAnswer(out.Result, err)
		}),
	}
}

func packagesAnswer(r engine.PackagesResult, err error) (answer, error) {
	a := packageAnswer(r.Packages)
	a.message = r.Message
	return a, err
}

// gradeBy shows a grade, and who stands for it where that is one of our own.
func gradeBy(l engine.License) string {
	if l.Attested == nil {
		return l.Grade
	}
	return l.Grade + " by " + l.Attested.By
}
