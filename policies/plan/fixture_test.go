package plan

import (
	"crypto/sha256"
	"time"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/pin"
)

// Short ways to write worlds down. All panic on a slip in a test's own text.

const gaugeGUID = "auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E"

var (
	tellsAll      = store.Traits{TellsPresence: true, TellsAccess: true, TellsVersion: true, TellsDigest: true, Unattended: true}
	tellsVersion  = store.Traits{TellsPresence: true, TellsVersion: true}
	tellsPresence = store.Traits{TellsPresence: true}
	tellsNothing  = store.Traits{}
)

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

func guid(s string) visual.GUID       { return must(visual.ParseGUID(s)) }
func version(s string) visual.Version { return must(visual.ParseVersion(s)) }
func pinned(s string) pin.Pin         { return must(pin.Parse(s)) }
func date(s string) time.Time         { return must(time.Parse(time.DateOnly, s)) }
func on() *bool                       { b := true; return &b }
func off() *bool                      { b := false; return &b }
func gauge(st string) store.Key       { return store.Key{Store: st, GUID: guid(gaugeGUID)} }

// release makes a release whose digest follows from its name, such as "1.4.0.0 b".
func release(v, bytes string) visual.Release {
	return visual.Release{Version: version(v), Digest: sha256.Sum256([]byte(v + " " + bytes))}
}

// candidate makes an accepted candidate for the gauge: bytes tell packages of
// one version apart, its content is what its bytes begin with ("b2" has b's).
func candidate(v, bytes, ends string) Candidate {
	c := Candidate{
		GUID: guid(gaugeGUID), Name: "Aurora Gauge", Release: release(v, bytes),
		Content:  pbiviz.Content("h1:" + v + bytes[:1]),
		Judgment: verdict.Judge(),
	}
	if ends != "" {
		c.Terms = license.Terms{
			Grade: license.Signed, ID: "jti-" + v + bytes + ends, Issuer: "https://licenses.aurora.example",
			Subscription: "sub-1", Begins: date("2026-01-01"), Ends: date(ends),
		}
	}
	return c
}

// judged returns the candidate with a finding.
func (c Candidate) judged(v verdict.Verdict, code verdict.Code, message string) Candidate {
	c.Judgment = verdict.Judge(verdict.Finding{Code: code, Verdict: v, Message: message, Hint: "hint for " + string(code)})
	return c
}

// state is what the journal believes after a candidate was put.
func (c Candidate) state() store.State {
	r := c.Release
	return store.State{Presence: store.Present, Release: &r, License: c.Terms, Enabled: on(), Claim: store.Verified}
}

// listing is what a store that tells everything says of a candidate put.
func (c Candidate) listing() *store.Listing {
	r := c.Release
	return &store.Listing{GUID: c.GUID, Name: "Aurora Gauge", Release: &r, Enabled: on()}
}

// installed is a visual put by orgstore into a store that tells everything.
func (c Candidate) installed() Present {
	return Present{Key: gauge("main"), Belief: c.state(), Observed: c.listing()}
}

// input is a world of one store that tells everything and one pinned visual.
func input(p string, present []Present, candidates ...Candidate) Input {
	return Input{
		Wanted:     []Wanted{{gauge("main"), pinned(p)}},
		Present:    present,
		Candidates: candidates,
		Traits:     map[string]store.Traits{"main": tellsAll},
	}
}
