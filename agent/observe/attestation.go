package observe

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

// attested finds the licenses of the visuals that are installed under an
// attestation.
func attested(book journal.Book) map[visual.GUID]license.Terms {
	out := map[visual.GUID]license.Terms{}
	for _, k := range book.Keys() {
		s := book.Belief(k)
		if s.Presence == store.Present && s.License.Grade == license.Attested {
			out[k.GUID] = s.License
		}
	}
	return out
}

// reattest says early, of a package without a license, that it can have what the
// installed one had: an attestation, with the command that makes it. It needs a
// new one, since attestations are about exact bytes.
func (o Observer) reattest(j verdict.Judgment, p journal.Package, before license.Terms, least license.Grade) verdict.Judgment {
	if before.IsZero() || !license.Attested.AtLeast(least) {
		return j
	}
	findings := slices.Clone(j.Findings)
	for i, f := range findings {
		if f.Code == plan.CodeUnlicensed || f.Code == plan.CodeGrade {
			findings[i].Hint = "the package is here and needs an attestation, as the installed one has: " + o.command(p, before)
		}
	}
	j.Findings = findings
	return j
}

// command writes the one command that attests a package as another was attested, for
// the term that follows.
func (o Observer) command(p journal.Package, before license.Terms) string {
	words := []string{"orgstore license attest", word(path.Base(p.Source), "PACKAGE"), "--tenant", o.Tenant}
	if order, ok := license.OrderOf(before.Subscription, p.Manifest.GUID); ok {
		if order != "" {
			words = append(words, "--order", word(order, "NUMBER"))
		}
		words = append(words, "--seq", fmt.Sprint(before.Sequence+1))
	}
	words = append(words, "--kind", string(before.Kind))
	if before.Quantity > 0 {
		words = append(words, "--quantity", fmt.Sprint(before.Quantity))
	}
	for _, s := range before.SKUs {
		words = append(words, "--sku", word(s, "SKU"))
	}
	for _, s := range before.Sites {
		words = append(words, "--site", word(s, "HOST"))
	}
	if begins, ends := before.NextTerm(); begins.IsZero() {
		words = append(words, "--ends DAY")
	} else {
		words = append(words, "--begins", begins.UTC().Format(time.DateOnly), "--ends", ends.UTC().Format(time.DateOnly))
	}
	return strings.Join(append(words, "--evidence TEXT --reason TEXT --key FILE"), " ")
}

// word writes a name as one word of a command that people copy; where a shell
// could read it in a way of its own, what it stands for.
func word(s, otherwise string) string {
	odd := func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune(" ._-+/", c)
	}
	switch {
	case s == "" || s[0] == '-' || strings.ContainsFunc(s, odd):
		return otherwise
	case strings.Contains(s, " "):
		return `"` + s + `"`
	}
	return s
}
