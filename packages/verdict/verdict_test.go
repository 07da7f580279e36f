package verdict_test

import (
	"slices"
	"testing"

	"github.com/orgstore/orgstore/packages/verdict"
)

func TestWorse(t *testing.T) {
	order := []verdict.Verdict{"unknown", verdict.Accept, verdict.Warn, verdict.Review, verdict.Reject}
	for i, v := range order {
		for k, w := range order {
			if got, want := v.Worse(w), order[max(i, k)]; got != want {
				t.Errorf("%s and %s are %s, want %s", v, w, got, want)
			}
		}
	}
}

func TestPasses(t *testing.T) {
	for v, want := range map[verdict.Verdict]bool{
		verdict.Accept: true, verdict.Warn: true, verdict.Review: false, verdict.Reject: false, "": false, "unknown": false,
	} {
		if got := v.Passes(); got != want {
			t.Errorf("%q passes: %t", v, got)
		}
	}
}

func TestFamily(t *testing.T) {
	for code, want := range map[verdict.Code]string{"lic.signature": "lic", "gate.check_missing": "gate", "locked": "locked", "": "", "a.b.c": "a"} {
		if got := code.Family(); got != want {
			t.Errorf("%q is of the family %q, want %q", code, got, want)
		}
	}
}

// TestJudge: the hardest finding decides, and comes first.
func TestJudge(t *testing.T) {
	find := func(v verdict.Verdict, code verdict.Code) verdict.Finding {
		return verdict.Finding{Code: code, Verdict: v, Message: string(code)}
	}
	found := []verdict.Finding{find(verdict.Warn, "a.1"), find(verdict.Reject, "b.2"), find(verdict.Warn, "c.3"), find(verdict.Review, "d.4")}
	j := verdict.Judge(found...)
	var codes []verdict.Code
	for _, f := range j.Findings {
		codes = append(codes, f.Code)
	}
	if j.Verdict != verdict.Reject || !slices.Equal(codes, []verdict.Code{"b.2", "d.4", "a.1", "c.3"}) {
		t.Errorf("judged %s by %v", j.Verdict, codes)
	}
	if found[0].Code != "a.1" {
		t.Error("the caller's findings were sorted")
	}
	if nothing := verdict.Judge(); nothing.Verdict != verdict.Accept || len(nothing.Findings) > 0 {
		t.Errorf("nothing is judged %+v", nothing)
	}
	if more := verdict.Judge(found[0]).With(found[3]); more.Verdict != verdict.Review || !more.Has("a.1") || !more.Has("d.4") || more.Has("b.2") {
		t.Errorf("with more it is %+v", more)
	}
}

func TestRefusal(t *testing.T) {
	r := verdict.Refuse("zip.crc", "it is damaged", "get it again")
	r.Findings = append(r.Findings, verdict.Finding{Code: "zip.name", Message: "it has a bad name"})
	if r.Code() != "zip.crc" || r.Error() != "it is damaged; it has a bad name" || r.Findings[0].Verdict != verdict.Reject {
		t.Errorf("refused with %s: %v", r.Code(), r)
	}
}
