package approval_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/approval"
	"github.com/orgstore/orgstore/policies/change"
)

var (
	ada   = approval.Person{Source: "os", ID: "1000", Name: "ada", Host: "bi-01"}
	bob   = approval.Person{Source: "os", ID: "1001", Name: "bob", Host: "bi-01"}
	carol = approval.Person{Source: "os", ID: "S-1-5-21-7", Name: `CONTOSO\carol`, Host: "bi-02"}
)

func yes(p approval.Person) approval.Word {
	return approval.Word{By: p, Yes: true, Reason: "seen", At: time.Unix(1, 0)}
}

func no(p approval.Person) approval.Word { return approval.Word{By: p, Reason: "wrong totals"} }

func asked(by approval.Person, words ...approval.Word) approval.Record {
	return approval.Record{Asking: approval.AskedBy, Asker: by, Words: words}
}

func TestWeigh(t *testing.T) {
	one, two := approval.Need{Count: 1}, approval.Need{Count: 2}
	named := approval.Need{Count: 1, From: []string{"bob", `contoso\CAROL`}}
	nobody := approval.Record{Asking: approval.AskedNobody}
	elsewhere := bob
	elsewhere.Host, elsewhere.ID = "bi-09", "501"
	renamed := bob
	renamed.Name = "robert"
	attested := asked(ada, yes(bob))
	attested.Attesters = []string{"BOB"}
	root := approval.Person{Source: "os", ID: "0", Name: "root", Host: "bi-01"}
	several := asked(ada, yes(root), yes(bob))
	several.Shared = []string{"0", "root"}
	for _, c := range []struct {
		name   string
		need   approval.Need
		record approval.Record
		want   string
		passes bool
	}{
		{"nothing needed", approval.Need{}, approval.Record{}, "", true},
		{"nothing said", one, asked(ada), "needs an approval, not of ada@bi-01, who asked for it", false},
		{"approved", one, asked(ada, yes(bob)), "approved by bob@bi-01", true},
		{"attack: one's own change", one, asked(ada, yes(ada)), "needs an approval, not of ada@bi-01, who asked for it", false},
		{"attack: one's own change under another ID", one, asked(ada, yes(approval.Person{ID: "7", Name: "Ada"})), "needs an approval, not of ada@bi-01, who asked for it", false},
		{"attack: one's own change under another name", one, asked(ada, yes(approval.Person{ID: "1000", Name: "adb"})), "needs an approval, not of ada@bi-01, who asked for it", false},
		{"attack: twice the same person", two, asked(ada, yes(bob), yes(bob)), "needs 2 approvals, not of ada@bi-01, who asked for it; approved by bob@bi-01", false},
		{"attack: the same person from two machines", two, asked(ada, yes(bob), yes(elsewhere)), "needs 2 approvals, not of ada@bi-01, who asked for it; approved by bob@bi-09", false},
		{"attack: the same person renamed", two, asked(ada, yes(renamed), yes(bob)), "needs 2 approvals, not of ada@bi-01, who asked for it; approved by bob@bi-01", false},
		{"attack: who attested it approves it", one, attested, "needs an approval, not of ada@bi-01, who asked for it", false},
		{"attack: once as root, once as oneself", two, several, "needs 2 approvals, not of ada@bi-01, who asked for it; approved by bob@bi-01", false},
		{"two", two, asked(ada, yes(bob), yes(carol)), `approved by bob@bi-01, CONTOSO\carol@bi-02`, true},
		{"not on record who asked", one, approval.Record{Words: []approval.Word{yes(bob)}}, "needs 2 approvals, one more than usual, since it is not on record who asked for it; approved by bob@bi-01", false},
		{"not on record who asked, and two said yes", one, approval.Record{Words: []approval.Word{yes(bob), yes(ada)}}, "approved by bob@bi-01, ada@bi-01", true},
		{"nobody asked", one, nobody, "needs an approval", false},
		{"named, by account and domain", named, asked(ada, yes(carol)), `approved by CONTOSO\carol@bi-02`, true},
		{"attack: not named", approval.Need{Count: 1, From: []string{"carol"}}, asked(ada, yes(bob)), "needs an approval of carol, not of ada@bi-01, who asked for it", false},
		{"rejected", one, asked(ada, yes(bob), no(carol)), `rejected by CONTOSO\carol@bi-02: wrong totals`, false},
		{"rejected, then approved by the same", one, asked(ada, no(bob), yes(bob)), "approved by bob@bi-01", true},
		{"approved, then rejected by the same", one, asked(ada, yes(bob), no(bob)), "rejected by bob@bi-01: wrong totals", false},
		{"rejected by who asked", one, asked(ada, yes(bob), no(ada)), "rejected by ada@bi-01: wrong totals", false},
		{"rejected where nothing is needed any more", approval.Need{}, asked(ada, no(bob)), "rejected by bob@bi-01: wrong totals", false},
		{"attack: rejected by who is not named", named, asked(ada, yes(bob), no(approval.Person{ID: "9", Name: "eve"})), "approved by bob@bi-01", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := approval.Tally(c.need, c.record)
			if a.Message != c.want || a.Passes() != c.passes {
				t.Errorf("\n got %v %s\nwant %v %s", a.Passes(), a.Message, c.passes, c.want)
			}
		})
	}
}

func TestWhoMayNotIsToldWhy(t *testing.T) {
	named := approval.Need{Count: 1, From: []string{"a", "b", "c", "d", "e", "f", "g"}}
	for _, c := range []struct {
		name   string
		need   approval.Need
		record approval.Record
		yes    bool
		code   verdict.Code
		word   string
	}{
		{"who asked", approval.Need{Count: 1}, asked(ada), true, approval.CodeFourEyes, "ada@bi-01 asked for it"},
		{"who attested", approval.Need{Count: 1}, approval.Record{Asking: approval.AskedNobody, Attesters: []string{"ada"}}, true, approval.CodeFourEyes, "ada@bi-01 attested its license"},
		{"who is not named", named, asked(bob), true, approval.CodeNotNamed, "a, b, c, d, e or 2 more"},
		{"several people", approval.Need{Count: 1}, approval.Record{Asking: approval.AskedNobody, Shared: []string{"1000"}}, true, approval.CodeShared, "ada@bi-01 is an account that several people use"},
		{"several people who reject", approval.Need{Count: 1}, approval.Record{Asking: approval.AskedNobody, Shared: []string{"ADA"}}, false, approval.CodeShared, "nobody's word"},
		{"who is not named and rejects", named, asked(bob), false, approval.CodeNotNamed, "is not among"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var refusal *verdict.Refusal
			err := approval.May(c.need, c.record, ada, c.yes)
			if !errors.As(err, &refusal) || refusal.Code() != c.code || !strings.Contains(err.Error(), c.word) || refusal.Findings[0].Hint == "" {
				t.Errorf("got %v", err)
			}
		})
	}
	if err := approval.May(approval.Need{Count: 1}, asked(ada), ada, false); err != nil {
		t.Errorf("who asked cannot reject: %v", err)
	}
}

func TestTooFewPeopleIsSaid(t *testing.T) {
	a := approval.Tally(approval.Need{Count: 2, From: []string{"ada", "bob"}}, asked(ada))
	if !strings.Contains(a.Hint, "too few") {
		t.Errorf("got %q", a.Hint)
	}
}

func TestNeedOfEachKind(t *testing.T) {
	p := approval.Policy{Install: 1, Upgrade: 2, Renewal: 3, Rollback: 4, From: []string{"ada"}}
	want := map[change.Kind]int{change.Install: 1, change.Upgrade: 2, change.Replace: 2, change.Downgrade: 2, change.Renew: 3}
	for _, k := range change.Kinds() {
		if got := p.Need(k, false); got.Count != want[k] || len(got.From) != 1 {
			t.Errorf("%s: got %+v, want %d", k, got, want[k])
		}
		if got := p.Need(k, true).Count; got != 4 {
			t.Errorf("%s, asked for: got %d", k, got)
		}
	}
}

// TestAChangeIsNeverPassedByTooFew: whatever people say in whatever order, what
// passes has so many different people behind it as are needed, besides the one who
// asked, all of them named, none of them an attester, and nobody's last word is no.
func TestAChangeIsNeverPassedByTooFew(t *testing.T) {
	var all []approval.Person
	for i := range 6 {
		all = append(all, approval.Person{ID: fmt.Sprint(1000 + i), Name: fmt.Sprintf("p%d", i)})
	}
	rapid.Check(t, func(t *rapid.T) {
		person := rapid.SampledFrom(all)
		need := approval.Need{Count: rapid.IntRange(0, 4).Draw(t, "count")}
		for _, p := range rapid.SliceOfN(person, 0, 4).Draw(t, "from") {
			need.From = append(need.From, p.Name)
		}
		r := approval.Record{Asking: rapid.SampledFrom([]approval.Asking{approval.AskedUnknown, approval.AskedBy, approval.AskedNobody}).Draw(t, "asking"), Asker: person.Draw(t, "asker")}
		for _, p := range rapid.SliceOfN(person, 0, 2).Draw(t, "attesters") {
			r.Attesters = append(r.Attesters, p.ID)
		}
		last := map[string]bool{}
		for range rapid.IntRange(0, 10).Draw(t, "words") {
			w := approval.Word{By: person.Draw(t, "by"), Yes: rapid.Bool().Draw(t, "yes"), Reason: "r"}
			r.Words = append(r.Words, w)
			last[w.By.Name] = w.Yes
		}
		named := func(p approval.Person) bool {
			for _, f := range need.From {
				if f == p.Name {
					return true
				}
			}
			return len(need.From) == 0
		}
		count, rejected := 0, false
		for _, p := range all {
			word, said := last[p.Name]
			attests := false
			for _, id := range r.Attesters {
				attests = attests || id == p.ID
			}
			switch {
			case !said || !named(p):
			case !word:
				rejected = true
			case !attests && (r.Asking != approval.AskedBy || r.Asker != p):
				count++
			}
		}
		enough := count >= need.Count
		if r.Asking == approval.AskedUnknown && need.Count > 0 {
			enough = count > need.Count
		}
		if got := approval.Tally(need, r); got.Passes() != (enough && !rejected) {
			t.Fatalf("passes: %v with %d of %d, rejected %v: %s", got.Passes(), count, need.Count, rejected, got.Message)
		}
	})
}

// Somebody of whom nobody can tell who it is says nothing that counts, neither yes nor no.
func TestUnknownPersonCountsForNothing(t *testing.T) {
	unknown := approval.Person{Source: approval.SourceUnknown, Name: "unknown, in a user namespace", Host: "bi-01"}
	need := approval.Need{Count: 1}
	for _, yes := range []bool{true, false} {
		var refusal *verdict.Refusal
		err := approval.May(need, approval.Record{Asking: approval.AskedNobody}, unknown, yes)
		if !errors.As(err, &refusal) || refusal.Code() != approval.CodeUnknown || refusal.Findings[0].Hint == "" {
			t.Errorf("yes %v: %v", yes, err)
		}
	}
	record := approval.Record{Asking: approval.AskedNobody, Words: []approval.Word{{By: unknown, Yes: true}, {By: unknown, Yes: true}}}
	if a := approval.Tally(need, record); a.Passes() || len(a.Given) != 0 {
		t.Errorf("it passes: %+v", a)
	}
	record.Words = append(record.Words, yes(bob), approval.Word{By: unknown})
	if a := approval.Tally(need, record); !a.Passes() {
		t.Errorf("somebody unknown rejected it: %+v", a)
	}
}
