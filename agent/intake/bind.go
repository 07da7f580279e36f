package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// Rebind tries again to bind what could not be bound under the trust of then.
// It costs nothing while neither trust nor archive changed.
func (d Desk) Rebind(ctx context.Context, tx journal.TxID) ([]license.Bound, error) {
	var all []license.Bound
	for _, digest := range d.waiting() {
		p, err := d.read(digest)
		if err != nil {
			return all, err
		}
		bound, err := d.bindPackage(ctx, tx, p)
		if err != nil {
			return all, err
		}
		all = append(all, bound...)
	}
	return all, nil
}

// waiting lists the packages that a statement may be about without being bound
// to it, where that was not yet found out under today's trust.
func (d Desk) waiting() []visual.Digest {
	var out []visual.Digest
	book, trust := d.Journal.Book(), d.Trust.Fingerprint()
	for _, p := range book.Packages() {
		untried := func(s visual.Digest) bool { return !tried(book, p.Package, s, trust) }
		if slices.ContainsFunc(book.StatementsAbout(p), untried) {
			out = append(out, p.Package)
		}
	}
	return out
}

// tried says whether a pair is bound, or was refused under today's trust.
func tried(book journal.Book, pkg, statement visual.Digest, trust string) bool {
	r, refused := book.Refusal(pkg, statement)
	return book.IsBound(pkg, statement) || refused && r.Trust == trust
}

func (d Desk) bindPackage(ctx context.Context, tx journal.TxID, p *pbiviz.Package) ([]license.Bound, error) {
	var all []license.Bound
	book := d.Journal.Book()
	known, _ := book.Package(p.Digest())
	for _, s := range book.StatementsAbout(known) {
		bound, err := d.bind(ctx, tx, p, s)
		if err != nil {
			return all, err
		}
		all = append(all, bound...)
	}
	return all, nil
}

func (d Desk) bindStatement(ctx context.Context, tx journal.TxID, statement visual.Digest) ([]license.Bound, error) {
	var all []license.Bound
	for _, digest := range d.Journal.Book().PackagesAbout(statement) {
		p, err := d.read(digest)
		if err != nil {
			return all, err
		}
		bound, err := d.bind(ctx, tx, p, statement)
		if err != nil {
			return all, err
		}
		all = append(all, bound...)
	}
	return all, nil
}

// bind binds one statement to one package and records the outcome, once for
// each trust it was tried under.
func (d Desk) bind(ctx context.Context, tx journal.TxID, p *pbiviz.Package, statement visual.Digest) ([]license.Bound, error) {
	trust := d.Trust.Fingerprint()
	if tried(d.Journal.Book(), p.Digest(), statement, trust) {
		return nil, nil
	}
	token, err := d.statement(p, statement)
	if err != nil {
		return nil, err
	}
	bound, err := d.Trust.Bind(p, token)
	var refusal *verdict.Refusal
	switch {
	case errors.As(err, &refusal):
		return nil, d.Journal.Append(ctx, tx, journal.StatementRefused{
			Statement: statement, Package: p.Digest(), Trust: trust, Findings: refusal.Findings,
		})
	case err != nil:
		return nil, err
	}
	return []license.Bound{bound}, d.Journal.Append(ctx, tx, d.bindingFacts(bound)...)
}

// statement returns the token; nil for the one that the package carries.
func (d Desk) statement(p *pbiviz.Package, statement visual.Digest) ([]byte, error) {
	if token, ok := p.Statement(); ok && visual.DigestOf(token) == statement {
		return nil, nil
	}
	return d.Archive.Statement(statement)
}

// bindingFacts records a binding. What is signed and not ahead of the clock is
// a trusted time: no clock may go back behind it.
func (d Desk) bindingFacts(b license.Bound) []journal.Fact {
	facts := []journal.Fact{journal.Bound{Bound: b}}
	issued := b.Terms.Issued
	if issued.After(d.Journal.Book().TimeMark().Trusted) && !issued.After(d.Now()) {
		facts = append(facts, journal.TimeMarked{Trusted: issued, Source: "license statement " + b.Terms.ID})
	}
	return facts
}

func (d Desk) read(digest visual.Digest) (*pbiviz.Package, error) {
	file, err := d.Archive.Package(digest)
	if err != nil {
		return nil, err
	}
	p, err := pbiviz.Read(file, d.Limits)
	if err != nil {
		return nil, fmt.Errorf("cannot read the archived package %s: %w", digest.Short(), err)
	}
	return p, nil
}
