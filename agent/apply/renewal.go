package apply

import (
	"fmt"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// renewal proves from the bytes that a renewal changes no code. The journal had
// said so already, or it would not have been planned as one: but renewals pass
// gates that hold other changes, so the last word is not the journal's.
func (a *Applier) renewal(s plan.Step) error {
	if s.Kind != change.Renew || s.SameBytes() {
		return nil
	}
	if s.From.Release == nil {
		return notRenewal(s, "nobody knows which package it renews")
	}
	from, err := a.read(s.From.Release.Digest)
	if err != nil {
		return err
	}
	to, err := a.read(s.To.Release.Digest)
	if err != nil {
		return err
	}
	if a.Profiles.CodeIdentity(from).IsSame(a.Profiles.CodeIdentity(to)) {
		return nil
	}
	return notRenewal(s, "more than the license differs between the two packages, or no vendor profile in force can tell")
}

func notRenewal(s plan.Step, why string) error {
	return verdict.Refuse(codeNotRenewal, fmt.Sprintf("%s -> %s cannot be proven a renewal: %s", describe(s.From), describe(s.To), why),
		"look at `orgstore plan` again, and at what differs with `orgstore package diff`")
}

// judgeAlone judges a package without a statement beside it: by the one inside,
// else by the vendor's own license inside, which must say what the step says.
func (a *Applier) judgeAlone(book journal.Book, p *pbiviz.Package, s plan.Step, n license.Need, at moment.Moment) (license.Licensed, verdict.Judgment) {
	licensed, j := a.Trust.JudgeReadable(p, a.Profiles.Terms, n, a.licensing(s.Key).Facts(book), at)
	terms, want := licensed.Bound().Terms, s.To.License
	if terms.Grade != license.Readable || terms.ID == want.ID && terms.Ends.Equal(want.Ends) {
		return licensed, j
	}
	return license.Licensed{}, verdict.Judge(verdict.Finding{
		Code: CodeStale, Verdict: verdict.Reject, Hint: "look at `orgstore plan` again",
		Message: fmt.Sprintf("the license inside %s is not the one that was planned with: a vendor profile has changed", s.To.Release),
	})
}
