package plan

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/change"
)

// What somebody else put may be meant to stay: then the hint says how to record it,
// unless there is a better one, or nothing to record.
func TestTheHintWhereSomebodyElseChangedThings(t *testing.T) {
	for _, c := range []struct {
		drift         DriftKind
		hint          string
		wantsBaseline bool
	}{
		{"", "", false},
		{DriftChanged, "", true},
		{DriftRemoved, "", false},
		{DriftChanged, "ask the vendor", false},
	} {
		v := planned(v14)
		v.now.drift = c.drift
		got := v.idle(Reason{Code: CodeCurrent, Hint: c.hint}).Reason.Hint
		if strings.Contains(got, "store baseline") != c.wantsBaseline || c.hint != "" && got != c.hint {
			t.Errorf("%q with the hint %q: %q", c.drift, c.hint, got)
		}
	}
}

func TestWhyAnOpenStepWaits(t *testing.T) {
	for want, o := range map[string]Open{
		"waits for a person since":       {Waiting: true},
		"nobody can tell what came":      {Unclear: "the page has changed"},
		"its check has not answered yet": {Checking: true},
		"was never closed":               {Accepted: true},
	} {
		v := planned(v14)
		o.Step.Kind = change.Upgrade
		v.open = &o
		if got := v.openReason().Message; !strings.Contains(got, want) {
			t.Errorf("%+v: %q, want %q", o, got, want)
		}
	}
}

func TestWhatIsNotPinnedIsLeftAlone(t *testing.T) {
	for code, want := range map[Code]string{CodeAppSource: "it came from AppSource", CodeProblem: "it is left alone"} {
		v := planned(v14)
		v.now.stuck = &Reason{Code: code}
		if got := v.unpinned().Reason.Message; !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
}

func TestWhyAllowedPackagesAreNotPut(t *testing.T) {
	hinted := v14.judged(verdict.Reject, "lic.signature", "bad signature")
	bare := hinted
	bare.Judgment = verdict.Judge(verdict.Finding{Code: "lic.signature", Verdict: verdict.Reject, Message: "bad signature"})
	for hint, c := range map[string]Candidate{"hint for lic.signature": hinted, "ask the vendor for a renewed": bare} {
		p := Compute(input("1.4", nil, c))
		if len(p.Idle) != 1 || !strings.Contains(p.Idle[0].Reason.Hint, hint) {
			t.Errorf("%q: %+v", hint, p.Idle)
		}
	}
}

// A block says why in parentheses, if anybody said why.
func TestWhyABlockedPackageIsNotPut(t *testing.T) {
	for reason, want := range map[string]string{"totals are wrong": "left 1.4.0.0 (totals are wrong), so it stays", "": "left 1.4.0.0, so it stays"} {
		v := planned(v14, v14)
		v.blocks = []Block{{Key: v.key, Version: v14.Release.Version, Pin: "1.4", Reason: reason}}
		if got := v.reasonBlocked(&v.candidates[0], "it stays").Message; !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestWhenALicenseBegins(t *testing.T) {
	later := func(c Candidate) Candidate { c.Terms.Begins = date("2027-05-01"); return c }
	asked := later(v14r).judged(verdict.Review, "life.reduced", "fewer seats")
	early := later(v14r).judged(verdict.Reject, CodeNotYet, "its license begins later")
	for _, c := range []struct {
		name, pin string
		with      Candidate
		want      string
	}{
		{"of the installed version", "1.4", notYet(v14r), "the renewal begins on 2027-05-01"},
		{"of another version", "~> 1.4", notYet(v15), "the license of 1.5.0.0 begins on 2027-05-01"},
		{"of what waits for a person besides", "1.4", asked, ""},
		{"of what is refused", "1.4", early, ""},
	} {
		v := planned(v14, v14, c.with)
		v.want.Pin = pinned(c.pin)
		if got := v.notBegun(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestTheFirstToBegin: of two renewals in a row the one that begins first is told, and
// what a person must decide then.
func TestTheFirstToBegin(t *testing.T) {
	second := notYet(candidate("1.4.0.0", "a3", "2029-06-01"))
	second.Terms.Begins = date("2028-06-01")
	v := planned(v14, v14, notYet(v14r), second)
	v.want.Pin = pinned("1.4")
	if got := v.notBegun(); got != "the renewal begins on 2027-05-01" {
		t.Errorf("of two in a row: %q", got)
	}
	fewer := notYet(v14r)
	fewer.Judgment = fewer.Judgment.With(verdict.Finding{Code: "life.reduced", Verdict: verdict.Review, Message: "fewer seats"})
	v = planned(v14, v14, fewer)
	v.want.Pin = pinned("1.4")
	if got := v.notBegun(); got != "the renewal begins on 2027-05-01, and a person must decide then: fewer seats" {
		t.Errorf("with fewer seats: %q", got)
	}
}

// TestReplaceAsTheLicenseEnds: a replacement has no way back once the installed license
// has ended. That is told for review, but not where the terms adjoin.
func TestReplaceAsTheLicenseEnds(t *testing.T) {
	begun := func(day string, c Candidate) Candidate { c.Terms.Begins = date(day); return c }
	revoked := expired(v14)
	revoked.Judgment = revoked.Judgment.With(verdict.Finding{Code: "life.revoked", Verdict: verdict.Reject, Message: "revoked"})
	for _, c := range []struct {
		name            string
		installed, next Candidate
		review          bool
	}{
		{"as the old one ends", expired(v14), begun("2027-06-01", v14c), false},
		{"long before the old one ends", expired(v14), begun("2027-05-01", v14c), true},
		{"after the old one ended", expired(v14), begun("2027-06-02", v14c), true},
		{"nobody knows when", expired(v14), v14c, true},
		{"another version", expired(v14), begun("2027-06-01", candidate("1.5.0.0", "a", "2029-06-01")), true},
		{"what was revoked besides", revoked, begun("2027-06-01", v14c), true},
	} {
		p := Compute(input("~> 1.4", []Present{{Key: gauge("main"), Belief: v14.state(), Observed: v14.listing()}}, c.installed, c.next))
		if len(p.Steps) != 1 || (p.Steps[0].Review != "") != c.review || slices.Contains(p.Steps[0].Findings, CodeNoWayBack) != c.review {
			t.Errorf("%s: %+v", c.name, p)
		}
	}
}

// What is kept back by a block is told only if the pin would have it.
func TestWhatIsToldOfWhatIsBlocked(t *testing.T) {
	block := func(c Candidate) []Block {
		return []Block{{Key: gauge("main"), Version: c.Release.Version, Pin: "~> 1.4"}}
	}
	short := candidate("1.5-beta", "a", "2027-06-01")
	for _, c := range []struct {
		name   string
		with   Candidate
		blocks []Block
		isTold bool
	}{
		{"blocked and allowed", v15, block(v15), true},
		{"blocked and outside the pin", v20, block(v20), false},
		{"allowed and not blocked", v15, nil, false},
		{"of a version that no store may hold", short, block(short), false},
	} {
		v := planned(v14, v14, c.with)
		v.want.Pin, v.blocks = pinned("~> 1.4"), c.blocks
		if got := v.keepBlocked(nil); (got != nil) != c.isTold {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestDurationsInDays(t *testing.T) {
	for want, d := range map[string]time.Duration{"a day": 24 * time.Hour, "3 days": 72 * time.Hour, "30h0m0s": 30 * time.Hour, "1h0m0s": time.Hour, "0s": 0} {
		if got := days(d); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What somebody changed by hand is the kind of change that it is.
func TestTheKindOfAChangeMadeByHand(t *testing.T) {
	for _, c := range []struct {
		name    string
		was, is Candidate
		want    change.Kind
	}{
		{"a higher version", v14, v15, change.Upgrade},
		{"a lower version", v15, v14, change.Downgrade},
		{"the same bytes", v14, v14, change.Enable},
		{"the same code", v14, v14r, change.Renew},
		{"other code", v14, v14c, change.Replace},
	} {
		v := planned(c.is, v13, v14, v14r, v14c, v15)
		if got := v.kindMadeByHand(c.was.Release, c.is.Release); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// What somebody went back from by hand is blocked: its version, or within a version
// its package, and its code where that is another.
func TestWhatIsLeftByHandIsBlocked(t *testing.T) {
	for _, c := range []struct {
		name    string
		was, is Candidate
		version bool
		content bool
	}{
		{"another version", v15, v14, true, true},
		{"the same version, other code", v14c, v14, false, true},
		{"the same version, the same code", v14r, v14, false, false},
	} {
		v := planned(c.is, v13, v14, v14r, v14c, v15)
		b := v.wayBackByHand(c.was.Release, "went back").Block()
		want := Block{Key: v.key, Digest: c.was.Release.Digest, Pin: "1.4", Reason: "went back"}
		if c.version {
			want.Version = c.was.Release.Version
		}
		if c.content {
			want.Content = c.was.Content
		}
		if *b != want {
			t.Errorf("%s: %+v, want %+v", c.name, *b, want)
		}
	}
}

// Nothing is adopted whose bytes nobody can tell.
func TestUnknownBytesAreNotAdopted(t *testing.T) {
	for name, edit := range map[string]func(*store.State){
		"no release": func(s *store.State) { s.Release = nil },
		"no digest":  func(s *store.State) { r := *s.Release; r.Digest = [32]byte{}; s.Release = &r },
	} {
		v := planned(v14, v14)
		edit(&v.now.state)
		if got := v.adoptObjection(); got != "nobody can tell its bytes" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestWhetherThereIsAWayBack(t *testing.T) {
	unknown, digestless := v14, v14
	digestless.Release.Digest = [32]byte{}
	for name, c := range map[string]struct {
		v    *visualPlan
		want bool
	}{
		"the installed package is here": {planned(v14, v14), true},
		"it is not":                     {planned(v14, v15), false},
		"its bytes are not known":       {planned(digestless, v14), false},
		"nothing is known": {func() *visualPlan {
			v := planned(unknown, v14)
			v.now.state.Release = nil
			return v
		}(), false},
	} {
		if got := c.v.wayBack(); got.Possible != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestBackToAVersionThatIsInstalled: by its number a version means the package of it that
// is licensed longest, and what is installed stays if it is that.
func TestBackToAVersionThatIsInstalled(t *testing.T) {
	for _, c := range []struct {
		name            string
		installed, next Candidate
		want            string
	}{
		{"the longest", v14r, v14, "asked.already"},
		{"another lasts longer", v14, v14r, "to 2028-06-01"},
		{"another would, and has ended", v14, expired(v14r), "asked.already"},
	} {
		in := input("~> 1.4", []Present{{Key: gauge("main"), Belief: c.installed.state(), Observed: c.installed.listing()}}, c.installed, c.next)
		in.Asks = []Ask{{Key: gauge("main"), Version: version("1.4.0.0"), Not: c.installed.Release.Digest, Reason: "why"}}
		p := Compute(in)
		switch {
		case len(p.Idle) == 1 && string(p.Idle[0].Reason.Code) == c.want:
		case len(p.Steps) == 1 && c.want == "to "+day(p.Steps[0].To.License.Ends):
		default:
			t.Errorf("%s: %+v", c.name, p)
		}
	}
}
