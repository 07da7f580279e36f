package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/observe"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/profile"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// A Verifier tells what may be done with packages, and changes nothing.
type Verifier struct {
	Ports
	trust    license.Trust
	need     func(g visual.GUID, asked bool) license.Need
	facts    license.Facts
	at       moment.Moment
	entitled func(visual.GUID, license.Terms, bool) []verdict.Finding
	profiles profile.Set
	lacks    []verdict.Finding // why no license at all can be trusted
}

// NewVerifier makes a verifier from the settings and what the journal knows.
func NewVerifier(ctx context.Context, settings config.Settings, ports Ports) (*Verifier, error) {
	book, err := readBook(ctx, settings, ports)
	if err != nil {
		return nil, err
	}
	trust, err := ports.readTrust(settings, book)
	if err != nil {
		return nil, err
	}
	if trust, err = ports.trustWithStatusLists(trust, settings, book); err != nil {
		return nil, err
	}
	known, err := ports.tenantFacts(settings)
	if err != nil {
		return nil, err
	}
	profiles, _ := ports.ProfilesInForce(settings) // those that cannot be read were told
	o := (&Engine{Ports: ports, Settings: settings, Trust: trust, facts: known, profiles: profiles}).Observer()
	return &Verifier{
		Ports: ports, trust: trust, need: o.Need, facts: o.Facts(book), entitled: o.Entitled, profiles: profiles,
		at: moment.Settle(ports.Now(), book.TimeMark(), -1),
	}, nil
}

// VerifierWithoutSettings makes a verifier that trusts nobody: it checks the
// packages themselves alone.
func VerifierWithoutSettings(ports Ports) *Verifier {
	return &Verifier{
		Ports: ports, need: observe.Observer{Least: license.Attested}.Need,
		at: moment.Settle(ports.Now(), moment.Mark{}, -1),
		lacks: []verdict.Finding{{
			Code: "trust.none", Verdict: verdict.Reject, Message: "no vendor is trusted, since there are no settings here",
			Hint: "run `orgstore init`, then `orgstore trust add`; or name the settings with --config",
		}},
	}
}

// VerifyAll judges files. A statement is judged with its package.
func (v *Verifier) VerifyAll(files []string) []Package {
	data := []Package{}
	for _, file := range files {
		if p, is := strings.CutSuffix(file, license.StatementSuffix); is && slices.Contains(files, p) {
			continue // Verifierd with its package
		}
		data = append(data, v.Verify(file))
	}
	return data
}

// Verify checks one file. What cannot be read is refused like what is no
// package: one bad file must not hide what the others are.
func (v *Verifier) Verify(file string) Package {
	if license.IsStatementName(file) {
		return unreadablePackage(file, verdict.Refuse("file.statement", fmt.Sprintf("cannot verify %s alone: it is a license statement", file),
			"name its package: the statement beside it is read too"))
	}
	p, token, err := v.readPair(file)
	if err != nil {
		return unreadablePackage(file, refusalOf(err))
	}
	found, readable, refused := v.profiles.Read(p)
	terms, judgment := v.weigh(p, token, found.Terms, readable)
	if terms.IsZero() {
		judgment = judgment.With(refused...)
	}
	d := packageOf(file, p.Manifest(), p.Digest(), p.Content(), terms, judgment.With(v.lacks...), v.at)
	if readable {
		d.Found = fmt.Sprintf("the vendor's own license %s in %s, read by the profile %s, ends on %s", found.Shown, found.Place, found.Profile, FormatDay(found.Terms.Ends))
	}
	return d
}

// weigh Verifiers a package by its statement, and by the vendor's own license
// inside: the script obeys that, so the earlier of the two ends counts.
func (v *Verifier) weigh(p *pbiviz.Package, token []byte, found license.Terms, readable bool) (license.Terms, verdict.Judgment) {
	g, facts := p.Manifest().GUID, v.facts
	if said, ok := facts.EarliestEnd[p.Digest()]; readable && (!ok || found.Ends.Before(said.Ends)) {
		facts.EarliestEnd = maps.Clone(facts.EarliestEnd)
		if facts.EarliestEnd == nil {
			facts.EarliestEnd = map[visual.Digest]license.Terms{}
		}
		facts.EarliestEnd[p.Digest()] = found
	}
	var terms license.Terms
	var judgment verdict.Judgment
	bound, err := v.trust.Bind(p, token)
	switch {
	case err == nil:
		terms = bound.Terms
		if facts.EarliestEnd[p.Digest()].Grade == license.Readable {
			terms = v.trust.Effective(bound, facts)
		}
		_, judgment = v.trust.Judge(p, token, v.need(g, false), facts, v.at)
	case token == nil && readable:
		_, judgment = v.trust.JudgeReadable(p, v.profiles.Terms, v.need(g, false), facts, v.at)
		if _, inside := p.Statement(); !inside {
			terms = found
		}
	default:
		_, judgment = v.trust.Judge(p, token, v.need(g, false), facts, v.at)
	}
	if judgment.Verdict != verdict.Reject && !terms.IsZero() {
		judgment = judgment.With(v.entitled(g, terms, false)...)
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
func (p Ports) readPair(file string) (*pbiviz.Package, []byte, error) {
	limits := pbiviz.DefaultLimits()
	text, err := p.Read(file, limits.FileSize)
	if err != nil {
		return nil, nil, err
	}
	pack, err := pbiviz.Read(text, limits)
	if err != nil {
		return nil, nil, err
	}
	sidecar := file + license.StatementSuffix
	if _, err := p.Disk.Stat(sidecar); errors.Is(err, fs.ErrNotExist) {
		return pack, nil, nil
	}
	token, err := p.Read(sidecar, license.MaxStatement)
	return pack, token, err
}
