package board

import (
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/library"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

// The words of a note's verdict. People filter lists by them: they are never
// changed.
const (
	Accepted = "accepted"
	Review   = "needs review"
	Waits    = "waits"
	Refused  = "refused"
)

// A Sight is what notes are made from: what the journal holds, and what is
// thought of candidates and seen in stores at this moment.
type Sight struct {
	book       journal.Book
	candidates map[visual.Digest][]plan.Candidate
	present    map[visual.GUID][]plan.Present
	statements map[visual.Digest]journal.Statement
}

// Look gathers a sight from the journal and from a plan's input.
func Look(book journal.Book, in plan.Input) Sight {
	s := Sight{
		book: book, candidates: map[visual.Digest][]plan.Candidate{},
		present: map[visual.GUID][]plan.Present{}, statements: map[visual.Digest]journal.Statement{},
	}
	for _, c := range in.Candidates {
		s.candidates[c.Release.Digest] = append(s.candidates[c.Release.Digest], c)
	}
	for _, p := range in.Present {
		s.present[p.Key.GUID] = append(s.present[p.Key.GUID], p)
	}
	for _, st := range book.Statements() {
		s.statements[st.Statement] = st
	}
	return s
}

// note says what people are to read beside an item.
func (s Sight) note(i item) library.Note {
	if p, ok := s.book.Package(i.Digest); ok && i.Refused == "" {
		return s.packageNote(p)
	}
	if st, ok := s.statements[i.Digest]; ok {
		return s.statementNote(st)
	}
	if s.book.HasStatusList(i.Digest) {
		return s.statusListNote(i.Digest)
	}
	if i.Refused == "" { // the journal is another than it was
		return library.Note{Verdict: Waits, Reason: "orgstore does not know it any more: upload it again"}
	}
	return library.Note{Verdict: Refused, Reason: i.Refused}
}

func (s Sight) packageNote(p journal.Package) library.Note {
	n := library.Note{
		GUID: p.Manifest.GUID.String(), Version: p.Manifest.Version.String(),
		Verdict: Waits, Reason: "no license of it is here yet", Installed: s.installed(p),
	}
	c, ok := bestCandidate(s.candidates[p.Package])
	if !ok {
		return n
	}
	n.LicenseUntil = c.Terms.Ends
	n.Verdict, n.Reason = verdictWord(c)
	return n
}

// bestCandidate picks what counts for a package with several licenses: the mildest
// verdict, then the license that lasts longest.
func bestCandidate(all []plan.Candidate) (plan.Candidate, bool) {
	if len(all) == 0 {
		return plan.Candidate{}, false
	}
	return slices.MaxFunc(all, func(a, b plan.Candidate) int {
		if x, y := a.Judgment.Verdict, b.Judgment.Verdict; x != y {
			return hardness(y) - hardness(x)
		}
		return a.Terms.Ends.Compare(b.Terms.Ends)
	}), true
}

func hardness(v verdict.Verdict) int {
	return slices.Index([]verdict.Verdict{verdict.Accept, verdict.Warn, verdict.Review, verdict.Reject}, v)
}

// verdictWord says a judgment in one word, and its first finding in a sentence.
func verdictWord(c plan.Candidate) (word, reason string) {
	if fs := c.Judgment.Findings; len(fs) > 0 && c.Judgment.Verdict != verdict.Accept {
		reason = fs[0].Message
		if fs[0].Hint != "" {
			reason += ": " + fs[0].Hint
		}
	}
	switch {
	case c.Judgment.Verdict == verdict.Review:
		return Review, reason
	case c.Judgment.Verdict != verdict.Reject:
		return Accepted, reason
	case c.Judgment.Has(plan.CodeUnlicensed), c.Judgment.Has(plan.CodeGrade) && c.Terms.Grade == license.Readable:
		return Waits, reason
	}
	return Refused, reason
}

// installed says whether stores hold a package, and which where the visual has
// several.
func (s Sight) installed(p journal.Package) string {
	stores := s.present[p.Manifest.GUID]
	var held []string
	for _, at := range stores {
		where := ""
		if len(stores) > 1 {
			where = " in " + at.Key.Store
		}
		if said := s.installedAt(at, p.Package, where); said != "" {
			held = append(held, said)
		}
	}
	if len(held) == 0 {
		return "no"
	}
	return strings.Join(held, "; ")
}

// installedAt is empty where a store does not hold a package: what it tells
// counts before what is believed of it.
func (s Sight) installedAt(at plan.Present, d visual.Digest, where string) string {
	state := at.Belief
	if at.Observed != nil && at.Observed.Release != nil && !at.Observed.Release.Digest.IsZero() {
		state.Presence, state.Release, state.Enabled = store.Present, at.Observed.Release, at.Observed.Enabled
	}
	switch {
	case at.Open != nil && at.Open.Step.To.Release != nil && at.Open.Step.To.Release.Digest == d:
		return "being installed" + where + " since " + day(at.Open.Since)
	case state.Presence != store.Present || state.Release == nil || state.Release.Digest != d:
		return ""
	case state.Enabled != nil && !*state.Enabled:
		return "yes" + where + ", with access off"
	}
	return "yes" + where + s.since(at.Key, d)
}

// since says from when on a store has held a package without a break; empty
// where orgstore did not see it come.
func (s Sight) since(k store.Key, d visual.Digest) string {
	var from time.Time
	for _, r := range s.book.Stood(k) {
		switch {
		case r.After.Release == nil || r.After.Release.Digest != d:
			from = time.Time{}
		case from.IsZero():
			from = r.Closed
		}
	}
	if from.IsZero() {
		return ""
	}
	return ", since " + day(from)
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func (s Sight) statementNote(st journal.Statement) library.Note {
	n := library.Note{GUID: st.GUID.String(), Verdict: Waits, Reason: "its package is not here yet"}
	var refused string
	for _, d := range s.book.PackagesAbout(st.Statement) {
		p, _ := s.book.Package(d)
		for _, b := range s.book.BoundsOf(d) {
			if b.Statement == st.Statement && b.Terms.Ends.After(n.LicenseUntil) {
				n.Version, n.LicenseUntil = p.Manifest.Version.String(), b.Terms.Ends
				n.Verdict, n.Reason = Accepted, ""
			}
		}
		if r, ok := s.book.Refusal(d, st.Statement); ok && len(r.Findings) > 0 {
			refused = r.Findings[0].Message
		}
	}
	if n.Verdict == Waits && refused != "" {
		n.Verdict, n.Reason = Refused, refused
	}
	return n
}

func (s Sight) statusListNote(d visual.Digest) library.Note {
	if r, ok := s.book.StatusRefusal(d); ok && len(r.Findings) > 0 {
		return library.Note{Verdict: Refused, Reason: r.Findings[0].Message}
	}
	if !s.book.StatusSettled(d) {
		return library.Note{Verdict: Waits, Reason: "its vendor's trust bundle is not here yet"}
	}
	return library.Note{Verdict: Accepted}
}
