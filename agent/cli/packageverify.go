package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/observe"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/profile"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

func newPackageVerify(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "verify FILE...",
		Short: "Check packages and their licenses, offline, and keep nothing",
		Long: `Check packages and their licenses, offline, and keep nothing.

The license is the statement inside the package, or the file NAME.pbiviz.license
beside it. Whom to believe comes from the settings; without settings nobody is
believed, and only the packages themselves are checked. A FILE may be a pattern.
Exits with 10 where a license is refused.`,
		Example: `  orgstore package verify gauge.pbiviz -o json
  orgstore package verify inbox/*.pbiviz`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) {
			j, err := g.judge(ctx)
			if err != nil {
				return answer{}, err
			}
			data := j.verifyAll(g.matching(args))
			return packageAnswer(data), refusedPackages(data)
		}),
	}
}

// A judge tells what may be done with packages, and changes nothing.
type judge struct {
	*globals
	trust    license.Trust
	need     func(g visual.GUID, asked bool) license.Need
	facts    license.Facts
	at       moment.Moment
	entitled func(visual.GUID, license.Terms, bool) []verdict.Finding
	profiles profile.Set
	lacks    []verdict.Finding // why no license at all can be believed
}

// judge makes a judge from the settings and what the journal knows. Where there
// are no settings at the usual place, it believes nobody, and says so.
func (g *globals) judge(ctx context.Context) (*judge, error) {
	settings, err := g.settings()
	var f *fault.Fault
	if errors.As(err, &f) && f.Code == codeNoSettings && g.settingsFile == config.FileName {
		g.note("there are no settings here: no vendor is trusted, so no license can be believed")
		return &judge{
			globals: g, need: observe.Observer{Least: license.Attested}.Need,
			at: moment.Settle(g.Now(), moment.Mark{}, -1),
			lacks: []verdict.Finding{{
				Code: "trust.none", Verdict: verdict.Reject, Message: "no vendor is trusted, since there are no settings here",
				Hint: "run `orgstore init`, then `orgstore trust add`; or name the settings with --config",
			}},
		}, nil
	}
	if err != nil {
		return nil, err
	}
	trust, err := g.ReadTrust(settings)
	if err != nil {
		return nil, err
	}
	book, err := engine.ReadBook(ctx, settings, g.Ports)
	if err != nil {
		return nil, err
	}
	if trust, err = g.TrustWithStatusLists(trust, settings, book); err != nil {
		return nil, err
	}
	known, err := g.TenantFacts(settings)
	if err != nil {
		return nil, err
	}
	profiles, _ := g.ProfilesInForce(settings) // those that cannot be read were told
	o := engine.OfParts(settings, g.Ports, trust, known, profiles).Observer()
	return &judge{
		globals: g, trust: trust, need: o.Need, facts: o.Facts(book), entitled: o.Entitled, profiles: profiles,
		at: moment.Settle(g.Now(), book.TimeMark(), -1),
	}, nil
}

// codeNoSettings is the code of the fault that there is no settings file.
const codeNoSettings = "settings.missing"

func (j *judge) verifyAll(files []string) []engine.Package {
	data := []engine.Package{}
	for _, file := range files {
		if p, is := strings.CutSuffix(file, intake.StatementSuffix); is && slices.Contains(files, p) {
			continue // judged with its package
		}
		data = append(data, j.verify(file))
	}
	return data
}

// verify judges one file. What cannot be read is refused like what is no
// package: one bad file must not hide what the others are.
func (j *judge) verify(file string) engine.Package {
	if intake.IsStatement(file) {
		return unreadable(file, verdict.Refuse("file.statement", fmt.Sprintf("cannot verify %s alone: it is a license statement", file),
			"name its package: the statement beside it is read too"))
	}
	p, token, err := j.readPair(file)
	if err != nil {
		return unreadable(file, refusalOf(err))
	}
	found, readable, refused := j.profiles.Look(p)
	terms, judgment := j.weigh(p, token, found.Terms, readable)
	if terms.IsZero() {
		judgment = judgment.With(refused...)
	}
	d := engine.PackageOf(file, p.Manifest(), p.Digest(), p.Content(), terms, judgment.With(j.lacks...), j.at)
	if readable {
		d.Found = fmt.Sprintf("the vendor's own license %s in %s, read by the profile %s, ends on %s", found.Shown, found.Place, found.Profile, engine.FormatDay(found.Terms.Ends))
	}
	return d
}

// weigh judges a package by its statement, and by the vendor's own license
// inside: the script obeys that, so the earlier of the two ends counts.
func (j *judge) weigh(p *pbiviz.Package, token []byte, found license.Terms, readable bool) (license.Terms, verdict.Judgment) {
	g, facts := p.Manifest().GUID, j.facts
	if said, ok := facts.EarliestEnd[p.Digest()]; readable && (!ok || found.Ends.Before(said.Ends)) {
		facts.EarliestEnd = maps.Clone(facts.EarliestEnd)
		if facts.EarliestEnd == nil {
			facts.EarliestEnd = map[visual.Digest]license.Terms{}
		}
		facts.EarliestEnd[p.Digest()] = found
	}
	var terms license.Terms
	var judgment verdict.Judgment
	bound, err := j.trust.Bind(p, token)
	switch {
	case err == nil:
		terms = bound.Terms
		if facts.EarliestEnd[p.Digest()].Grade == license.Readable {
			terms = j.trust.Effective(bound, facts)
		}
		_, judgment = j.trust.Judge(p, token, j.need(g, false), facts, j.at)
	case token == nil && readable:
		_, judgment = j.trust.JudgeReadable(p, j.profiles.Terms, j.need(g, false), facts, j.at)
		if _, inside := p.Statement(); !inside {
			terms = found
		}
	default:
		_, judgment = j.trust.Judge(p, token, j.need(g, false), facts, j.at)
	}
	if judgment.Verdict != verdict.Reject && !terms.IsZero() {
		judgment = judgment.With(j.entitled(g, terms, false)...)
	}
	return terms, judgment
}

// refusalOf says of any error what a reader's refusal says.
func refusalOf(err error) *verdict.Refusal {
	var r *verdict.Refusal
	if errors.As(err, &r) {
		return r
	}
	f := fault.Of(err)
	return verdict.Refuse(f.Verdict(), f.Error(), f.Hint)
}

// readPair reads a package and the statement beside it, if there is one.
func (g *globals) readPair(file string) (*pbiviz.Package, []byte, error) {
	limits := pbiviz.DefaultLimits()
	text, err := g.read(file, limits.FileSize)
	if err != nil {
		return nil, nil, err
	}
	p, err := pbiviz.Read(text, limits)
	if err != nil {
		return nil, nil, err
	}
	sidecar := file + intake.StatementSuffix
	if _, err := g.Disk.Stat(sidecar); errors.Is(err, fs.ErrNotExist) {
		return p, nil, nil
	}
	token, err := g.read(sidecar, license.MaxStatement)
	return p, token, err
}

// read reads a file that the command line names, of at most so many bytes.
func (g *globals) read(file string, max int64) ([]byte, error) {
	if info, err := g.Disk.Stat(file); err == nil && !info.Mode().IsRegular() {
		what := "not a file"
		if info.IsDir() {
			what = "a folder"
		}
		return nil, fault.New("file.unreadable", "name a file; a pattern such as *.pbiviz names several",
			"cannot read %s: it is %s", file, what)
	}
	text, err := disk.ReadFile(g.Disk, file, max)
	if err != nil {
		return nil, engine.UnreadableFile(file, err)
	}
	return text, nil
}

// matching replaces patterns by the files that they match, since the shells of
// Windows do not. A file of that very name goes first; a pattern that matches
// nothing stays, and is reported as a file that is not there.
func (g *globals) matching(args []string) []string {
	var out []string
	for _, arg := range args {
		found := []string{arg}
		if _, err := g.Disk.Stat(arg); err != nil && strings.ContainsAny(arg, "*?[") {
			if names, err := filepath.Glob(arg); err == nil && len(names) > 0 {
				found = names
			}
		}
		out = append(out, found...)
	}
	return out
}
