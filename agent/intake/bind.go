package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// Rebind tries again to bind what could not be bound under the trust of then,
// and what was bound with a key that means somebody else today. It reads no
// package while neither trust nor archive changed. A package that cannot be
// read is in the error, and keeps no other from being bound.
func (im Importer) Rebind(ctx context.Context, tx journal.TxID) ([]license.Bound, error) {
	var all []pair
	book := im.Journal.Book()
	for _, p := range book.Packages() {
		for _, s := range book.StatementsAbout(p) {
			all = append(all, pair{p.Package, s})
		}
	}
	return im.bindAll(ctx, tx, nil, all)
}

// bindPackage binds what may be about a package that was just read.
func (im Importer) bindPackage(ctx context.Context, tx journal.TxID, p *pbiviz.Package) ([]license.Bound, error) {
	var all []pair
	book := im.Journal.Book()
	known, _ := book.Package(p.Digest())
	for _, s := range book.StatementsAbout(known) {
		all = append(all, pair{p.Digest(), s})
	}
	return im.bindAll(ctx, tx, p, all)
}

// bindStatement binds a statement to the packages that it may be about.
func (im Importer) bindStatement(ctx context.Context, tx journal.TxID, statement visual.Digest) ([]license.Bound, error) {
	var all []pair
	for _, pkg := range im.Journal.Book().PackagesAbout(statement) {
		all = append(all, pair{pkg, statement})
	}
	return im.bindAll(ctx, tx, nil, all)
}

// A pair is a statement that may be about a package.
type pair struct{ pkg, statement visual.Digest }

// bindAll tries the pairs that were not tried yet. Packages are read from the
// archive, but for the one that the caller has; pairs of one package are to
// follow each other.
func (im Importer) bindAll(ctx context.Context, tx journal.TxID, p *pbiviz.Package, pairs []pair) ([]license.Bound, error) {
	var all []license.Bound
	var missed []error
	for _, next := range im.untriedPairs(im.Journal.Book(), pairs) {
		if err := ctx.Err(); err != nil {
			return all, err
		}
		var err error
		if p == nil || p.Digest() != next.pkg {
			p, err = im.readArchived(next.pkg)
		}
		if err == nil {
			var bound []license.Bound
			bound, err = im.bindPair(ctx, tx, p, next.statement)
			all = append(all, bound...)
		}
		missed = append(missed, err)
	}
	return all, errors.Join(missed...)
}

// untriedPairs leaves out the pairs that are bound, and those that were refused under
// today's trust.
func (im Importer) untriedPairs(book journal.Book, pairs []pair) []pair {
	trust, at := im.Trust.Fingerprint(), moment.Settle(im.Now(), moment.Mark{}, -1)
	return slices.DeleteFunc(pairs, func(p pair) bool {
		if r, refused := book.Refusal(p.pkg, p.statement); refused {
			return r.Trust == trust
		}
		return slices.ContainsFunc(book.BoundsOf(p.pkg), func(b license.Bound) bool {
			return b.Statement == p.statement && im.isKeyKnown(b, at)
		})
	})
}

// isKeyKnown says whether the key that verified a statement still is whose it was
// then. If not, binding it again may help: the settings may just have another
// name for the vendor.
func (im Importer) isKeyKnown(b license.Bound, at moment.Moment) bool {
	return !im.Trust.Evaluate(b, license.Need{Least: license.Opaque}, license.Facts{}, at).Has(license.CodeUnknownKey)
}

// bindPair binds one statement to one package and records the outcome.
func (im Importer) bindPair(ctx context.Context, tx journal.TxID, p *pbiviz.Package, statement visual.Digest) ([]license.Bound, error) {
	token, err := im.readStatement(p, statement)
	if err != nil {
		return nil, err
	}
	bound, err := im.Trust.Bind(p, token)
	record := func(factsFor func(journal.Book) []journal.Fact) error {
		return im.Journal.AppendFor(ctx, tx, func(b journal.Book) []journal.Fact {
			if len(im.untriedPairs(b, []pair{{p.Digest(), statement}})) == 0 {
				return nil // another process was faster
			}
			return factsFor(b)
		})
	}
	var refusal *verdict.Refusal
	switch {
	case errors.As(err, &refusal):
		fact := journal.StatementRefused{Statement: statement, Package: p.Digest(), Trust: im.Trust.Fingerprint(), Findings: refusal.Findings}
		return nil, record(func(journal.Book) []journal.Fact { return []journal.Fact{fact} })
	case err != nil:
		return nil, err
	}
	// Where the package carries the same but for a line feed, Bind takes that
	// one. What was tried must be what is recorded, or it is tried for ever.
	bound.Statement = statement
	if err := record(func(b journal.Book) []journal.Fact { return im.bindingFacts(b, bound) }); err != nil {
		return nil, err
	}
	return []license.Bound{bound}, nil
}

// readStatement returns the token; nil for the one that the package carries.
func (im Importer) readStatement(p *pbiviz.Package, statement visual.Digest) ([]byte, error) {
	if token, ok := p.Statement(); ok && visual.DigestOf(token) == statement {
		return nil, nil
	}
	return im.Archive.Statement(statement)
}

// bindingFacts records a binding. What is signed and not ahead of the clock is
// a trusted time: no clock may go back behind it.
func (im Importer) bindingFacts(book journal.Book, b license.Bound) []journal.Fact {
	facts := []journal.Fact{journal.Bound{Bound: b}}
	if a, ok := im.Trust.Attester(b.Terms.KeyID); ok && len(a.Accounts) > 0 {
		facts = append(facts, journal.Attested{Package: b.Package, Statement: b.Statement, Attester: a.Name, Accounts: a.Accounts})
	}
	issued := b.Terms.Issued
	if issued.After(book.TimeMark().Trusted) && !issued.After(im.Now()) {
		facts = append(facts, journal.TimeMarked{Trusted: issued, Source: "license statement " + b.Terms.ID})
	}
	return facts
}

func (im Importer) readArchived(digest visual.Digest) (*pbiviz.Package, error) {
	file, err := im.Archive.Package(digest)
	if err != nil {
		return nil, err
	}
	p, err := pbiviz.Read(file, im.Limits)
	if err != nil {
		return nil, fmt.Errorf("cannot read the archived package %s: %w", digest.Short(), err)
	}
	return p, nil
}
