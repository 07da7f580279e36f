package cli

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

func newPackage(g *globals) *cobra.Command {
	return group("package", "Take packages in, verify, list and compare them", "",
		newPackageAdd(g), newPackageVerify(g), newPackageList(g), newPackageShow(g), newPackageDiff(g))
}

// packageData is what verify, add and list say of one package with one license.
type packageData struct {
	File          string       `json:"file"`
	GUID          string       `json:"guid"`
	Name          string       `json:"name"`
	Version       string       `json:"version"`
	Digest        string       `json:"digest"`
	ContentDigest string       `json:"content_digest"`
	APIVersion    string       `json:"api_version"`
	Generation    string       `json:"generation"`
	Verdict       string       `json:"verdict"`
	Reasons       []reasonData `json:"reasons"`
	License       licenseData  `json:"license"`
}

type licenseData struct {
	Grade        string   `json:"grade"`
	Issuer       string   `json:"issuer"`
	Licensee     string   `json:"licensee"`
	ID           string   `json:"id"`
	Subscription string   `json:"subscription"`
	Sequence     int64    `json:"sequence"`
	Kind         string   `json:"kind"`
	Quantity     int64    `json:"quantity"`
	SKU          []string `json:"sku"`
	Sites        []string `json:"sites"`
	Begins       string   `json:"begins"`
	Ends         string   `json:"ends"`
	DaysLeft     *int     `json:"days_left"`
	KeyID        string   `json:"key_id"`
}

func licenseOf(t license.Terms, at moment.Moment) licenseData {
	d := licenseData{
		Grade: string(cmp.Or(t.Grade, license.Opaque)), Issuer: t.Issuer, Licensee: t.Licensee, ID: t.ID,
		Subscription: t.Subscription, Sequence: t.Sequence, Kind: string(t.Kind), Quantity: t.Quantity,
		SKU: orEmpty(t.SKUs), Sites: orEmpty(t.Sites), Begins: timestamp(t.Begins), Ends: timestamp(t.Ends), KeyID: t.KeyID,
	}
	if !t.Ends.IsZero() {
		left := t.DaysLeft(at)
		d.DaysLeft = &left
	}
	return d
}

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func packageOf(file string, m pbiviz.Manifest, d visual.Digest, c pbiviz.Content, t license.Terms, j verdict.Judgment, at moment.Moment) packageData {
	return packageData{
		File: file, GUID: m.GUID.String(), Name: m.DisplayName, Version: m.Version.String(),
		Digest: d.String(), ContentDigest: string(c), APIVersion: m.APIVersion, Generation: string(m.Generation),
		Verdict: string(j.Verdict), Reasons: reasonsOf(j.Findings), License: licenseOf(t, at),
	}
}

// unreadable is what is said of a file that is no package.
func unreadable(file string, r *verdict.Refusal) packageData {
	return packageData{
		File: file, Verdict: string(verdict.Reject), Reasons: reasonsOf(r.Findings),
		License: licenseOf(license.Terms{}, moment.Moment{}),
	}
}

func packageAnswer(packages []packageData) answer {
	view := output.View{Columns: []string{"PACKAGE", "VERSION", "DIGEST", "VERDICT", "LICENSE", "UNTIL", "DAYS LEFT", "WHY"}}
	for _, p := range packages {
		left, reason := output.Nothing, output.Nothing
		if p.License.DaysLeft != nil {
			left = strconv.Itoa(*p.License.DaysLeft)
		}
		if len(p.Reasons) > 0 {
			reason = p.Reasons[0].Message
		}
		view.Rows = append(view.Rows, []string{
			cmp.Or(p.Name, p.File), orDash(p.Version), orDash(short(p.Digest)), p.Verdict,
			p.License.Grade, orDash(dayOf(p.License.Ends)), left, reason,
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

// refusedPackages turns rejected packages into the command's error.
func refusedPackages(packages []packageData) error {
	for _, p := range packages {
		if p.Verdict == string(verdict.Reject) && len(p.Reasons) > 0 {
			r, exit := p.Reasons[0], exitLicense
			if p.GUID == "" { // no package at all
				exit = exitOf(verdict.Code(r.Code))
			}
			return problem(exit, r.Code, r.Hint, "%s is refused: %s", filepath.Base(p.File), r.Message)
		}
	}
	return nil
}

func newPackageVerify(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "verify FILE...",
		Short: "Check packages and their licenses, offline, and keep nothing",
		Long: `Check packages and their licenses, offline, and keep nothing.

The license is the statement inside the package, or the file NAME.pbiviz.license
beside it. Whom to believe comes from the settings. Exits with 10 where a license
is refused.`,
		Example: `  orgstore package verify inbox/*.pbiviz
  orgstore package verify gauge.pbiviz -o json`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) {
			s, err := g.open(ctx)
			if err != nil {
				return answer{}, err
			}
			defer s.Close()
			data := []packageData{}
			for _, file := range args {
				p, err := s.verify(file)
				if err != nil {
					return answer{}, err
				}
				data = append(data, p)
			}
			return packageAnswer(data), refusedPackages(data)
		}),
	}
}

// verify judges one file without keeping anything.
func (s *session) verify(file string) (packageData, error) {
	p, token, err := s.readPair(file)
	var refusal *verdict.Refusal
	switch {
	case errors.As(err, &refusal):
		return unreadable(file, refusal), nil
	case err != nil:
		return packageData{}, err
	}
	at, o := s.clock(), s.observer()
	need := o.Need(false)
	_, judgment := s.trust.Judge(p, token, need, o.Facts(s.journal.Book()), at)
	var terms license.Terms
	if bound, err := s.trust.Bind(p, token); err == nil {
		terms = bound.Terms
	}
	return packageOf(file, p.Manifest(), p.Digest(), p.Content(), terms, judgment, at), nil
}

// readPair reads a package and the statement beside it, if there is one.
func (s *session) readPair(file string) (*pbiviz.Package, []byte, error) {
	limits := pbiviz.DefaultLimits()
	text, err := disk.ReadFile(s.Disk, file, limits.FileSize)
	if err != nil {
		return nil, nil, unreadableFile(file, err)
	}
	p, err := pbiviz.Read(text, limits)
	if err != nil {
		return nil, nil, err
	}
	token, err := disk.ReadFile(s.Disk, file+intake.StatementSuffix, license.MaxStatement)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	return p, token, nil
}

func unreadableFile(file string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return problem(exitError, "file.missing", "check the name", "cannot read %s: there is no such file", file)
	}
	return problem(exitError, "file.unreadable", "", "cannot read %s: %w", file, err)
}

func newPackageAdd(g *globals) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "add FILE...",
		Short: "Take packages and license statements in",
		Long: `Take packages and license statements in.

Whatever is well formed is kept in the archive, byte for byte; what lacks a
license waits until its statement or the vendor's trust bundle arrives, in any
order. A statement beside a package (NAME.pbiviz.license) comes along. Nothing
changes in the store until apply.`,
		Example: `  orgstore package add "Aurora Gauge 1.4.pbiviz"
  orgstore package add renewed.pbiviz.license`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) {
			s, err := g.open(ctx)
			if err != nil {
				return answer{}, err
			}
			defer s.Close()
			return s.addPackages(ctx, args, dryRun)
		}),
	}
	dryRunFlags(cmd, &dryRun)
	return cmd
}

func (s *session) addPackages(ctx context.Context, files []string, dryRun bool) (answer, error) {
	data := []packageData{}
	for _, file := range withSidecars(s, files) {
		if dryRun {
			if intake.IsStatement(file) {
				continue
			}
			p, err := s.verify(file)
			if err != nil {
				return answer{}, err
			}
			data = append(data, p)
			continue
		}
		text, err := disk.ReadFile(s.Disk, file, pbiviz.DefaultLimits().FileSize)
		if err != nil {
			return packageAnswer(data), unreadableFile(file, err)
		}
		taken, err := s.desk().Take(ctx, s.tx, file, text)
		if err != nil {
			return packageAnswer(data), err
		}
		data = append(data, s.taken(file, taken)...)
	}
	a := packageAnswer(data)
	return a, refusedPackages(data)
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

// taken says what became of one file: a package with its licenses, or the
// packages that a statement is about.
func (s *session) taken(file string, t intake.Taken) []packageData {
	switch {
	case t.Refused != nil:
		return []packageData{unreadable(file, t.Refused)}
	case !t.Package.IsZero():
		return s.listed(func(p journal.Package) bool { return p.Package == t.Package })
	}
	return s.listed(func(p journal.Package) bool {
		return slices.ContainsFunc(t.Bound, func(b license.Bound) bool { return b.Package == p.Package })
	})
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
			if _, err := s.poll(ctx); err != nil {
				s.note("not everything in the library could be read: %v", err)
			}
			a := packageAnswer(s.listed(func(p journal.Package) bool {
				return len(only) == 0 || slices.Contains(only, p.Manifest.GUID)
			}))
			if len(a.view.Rows) == 0 {
				a.message = "no packages yet: put them into " + s.settings.Library.Folder + ", or use `orgstore package add`"
			}
			return a, nil
		}),
	}
}

// listed weighs the archived packages that are wanted.
func (s *session) listed(wanted func(journal.Package) bool) []packageData {
	book, at, out := s.journal.Book(), s.clock(), []packageData{}
	for _, c := range s.observer().Candidates(book, false, at) {
		p, _ := book.Package(c.Release.Digest)
		if wanted(p) {
			out = append(out, packageOf(p.Source, p.Manifest, p.Package, p.Content, c.Terms, c.Judgment, at))
		}
	}
	slices.SortStableFunc(out, func(a, b packageData) int {
		return cmp.Or(cmp.Compare(a.GUID, b.GUID), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Digest, b.Digest))
	})
	return out
}
