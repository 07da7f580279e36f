package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/license"
)

// codeOlderBundle is the code of the fault that a bundle is older than one that was in
// force: it may still trust a key that the newer one says was compromised.
const codeOlderBundle = "trust.older"

// trustedBundle reads a vendor's bundle, if it is the one that the settings pin and no
// newer one was in force.
func (p Ports) trustedBundle(v config.Vendor, book journal.Book) (license.Bundle, error) {
	bundle, err := p.pinnedBundle(v)
	if err != nil {
		return bundle, err
	}
	if err := checkNotOlder(bundle, v.Bundle, book); err != nil {
		return license.Bundle{}, err
	}
	return bundle, nil
}

// checkNotOlder refuses a bundle that is older than the newest one that was in force of
// its root keys.
func checkNotOlder(b license.Bundle, file string, book journal.Book) error {
	newest, known := book.NewestBundle(b.RootsFingerprint())
	if !known || b.Version() >= newest.Version {
		return nil
	}
	return fault.New(codeOlderBundle,
		"put the newest bundle back; or, if this one is to count, `orgstore trust update FILE --allow-older --reason WHY`",
		"%s is version %d of its trust bundle, and version %d was in force already", file, b.Version(), newest.Version).DueTo(fault.CodeLicense)
}

// dropOlderBundles trusts no vendor any more whose bundle is older than the newest one of
// the journal, which is opened after the settings are read.
func (e *Engine) dropOlderBundles() error {
	isOlder := func(v license.Vendor) bool {
		return !v.Bundle.IsZero() && checkNotOlder(v.Bundle, v.Name, e.Journal.Book()) != nil
	}
	if !slices.ContainsFunc(e.Trust.Vendors(), isOlder) {
		return nil
	}
	var err error
	e.Trust, err = e.readTrust(e.Settings, e.Journal.Book())
	return err
}

// recordBundles records each bundle in force that is newer than those before it.
func (e *Engine) recordBundles(ctx context.Context) error {
	return e.Journal.AppendFor(ctx, e.Tx, func(book journal.Book) []journal.Fact {
		return newerBundles(book, e.Trust.Vendors())
	})
}

// newerBundles are the facts that bundles are newer than those before them: of each set of
// root keys the newest alone, since vendors may share one.
func newerBundles(book journal.Book, vendors []license.Vendor) []journal.Fact {
	slices.SortStableFunc(vendors, func(a, b license.Vendor) int { return cmp.Compare(b.Bundle.Version(), a.Bundle.Version()) })
	var facts []journal.Fact
	recorded := map[string]bool{}
	for _, v := range vendors {
		if roots := v.Bundle.RootsFingerprint(); !recorded[roots] {
			recorded[roots] = true
			facts = append(facts, newerBundle(book, v.Name, v.Bundle)...)
		}
	}
	return facts
}

// newerBundle is the fact that a bundle is newer than those before it, if it is.
func newerBundle(book journal.Book, vendor string, b license.Bundle) []journal.Fact {
	if b.IsZero() {
		return nil
	}
	if newest, known := book.NewestBundle(b.RootsFingerprint()); known && b.Version() <= newest.Version {
		return nil
	}
	return []journal.Fact{journal.BundleSeen{Vendor: vendor, Roots: b.RootsFingerprint(), Version: b.Version(), Fingerprint: b.Fingerprint()}}
}

// allowOlderBundle takes a bundle that is older than one that was in force, since a
// person says so.
func (e *Engine) allowOlderBundle(ctx context.Context, r UpdateTrustRequest, text []byte) (UpdateTrustResult, error) {
	if isBlank(r.Reason) {
		return UpdateTrustResult{}, fault.Usage("say why with --reason", "an older trust bundle needs a reason")
	}
	next, err := e.findOlderBundle(r, text)
	if err != nil {
		return UpdateTrustResult{}, err
	}
	newest, _ := e.Journal.Book().NewestBundle(next.new.RootsFingerprint())
	edit := next.pinIn(e.Settings)
	if !next.isInForce() {
		if err := e.checkEdit(e.Settings, edit); err != nil {
			return UpdateTrustResult{}, err
		}
	}
	out, err := e.describeUpdate(next)
	switch {
	case err != nil:
		return out, err
	case r.DryRun:
		out.Message = "nothing was done: this was a dry run"
		return out, nil
	}
	out.Question, err = askAbout(r.Consent, fmt.Sprintf("believe version %d of the trust bundle of %s, though version %d was in force, which may know of a stolen key",
		next.new.Version(), safetext.Line(next.vendor.Name), newest.Version), out.Update)
	if err != nil || out.Question != nil {
		return out, err
	}
	allowed := journal.BundleAllowed{
		Vendor: next.vendor.Name, Roots: next.new.RootsFingerprint(), Version: next.new.Version(), Fingerprint: next.new.Fingerprint(),
		Newest: newest.Version, Reason: strings.TrimSpace(r.Reason),
	}
	if next.isInForce() {
		return out, e.Journal.Append(ctx, e.Tx, allowed)
	}
	if err := e.writeBundle(next); err != nil {
		return out, err
	}
	return out, e.recordAndEdit(ctx, edit, allowed)
}

// findOlderBundle finds whose older bundle a text is.
func (e *Engine) findOlderBundle(r UpdateTrustRequest, text []byte) (nextBundle, error) {
	older, err := license.ParseBundle(text)
	if err != nil {
		return nextBundle{}, fmt.Errorf("cannot read the trust bundle %s: %w", r.File, err)
	}
	if checkNotOlder(older, r.File, e.Journal.Book()) == nil {
		return nextBundle{}, fault.Usage("leave --allow-older out", "%s is no older than any trust bundle that was in force", r.File)
	}
	for _, v := range e.Settings.Trust.Vendors {
		if r.Vendor != "" && v.Name != r.Vendor {
			continue
		}
		old, err := e.pinnedBundle(v)
		switch {
		case err == nil && old.Fingerprint() == older.Fingerprint():
			return nextBundle{v, old, older, text, v.Bundle}, nil
		case err == nil && haveSameIssuer(old, older), err != nil && r.Vendor != "":
			found := nextBundle{v, old, older, text, nextBundleFile(v.Bundle, old.Version(), older.Version())}
			return found, e.checkNoOtherFile(found)
		}
	}
	return nextBundle{}, fault.New("trust.unknown", "name the vendor with --name; or add it with `orgstore trust add` first",
		"%s is the trust bundle of no vendor in the settings", r.File).DueTo(fault.CodeLicense)
}
