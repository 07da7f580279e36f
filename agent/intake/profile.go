package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license/profile"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
)

// Reprofile tries the vendor profiles in force on every package on which they
// were not tried yet as they read today. It reads no package while neither
// profiles nor archive changed. A package that cannot be read is in the error,
// and keeps no other from being tried.
func (im Importer) Reprofile(ctx context.Context, tx journal.TxID) error {
	var missed []error
	for _, known := range im.Journal.Book().Packages() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(im.untriedProfiles(im.Journal.Book(), known)) == 0 {
			continue
		}
		p, err := im.readArchived(known.Package)
		if err == nil {
			err = im.tryProfiles(ctx, tx, p)
		}
		missed = append(missed, err)
	}
	return errors.Join(missed...)
}

// tryProfiles tries the profiles on a package that was received, and records what
// they find.
func (im Importer) tryProfiles(ctx context.Context, tx journal.TxID, p *pbiviz.Package) error {
	known, ok := im.Journal.Book().Package(p.Digest())
	if !ok {
		return fmt.Errorf("package %s was never received", p.Digest().Short())
	}
	found := map[string]journal.Fact{} // by the profile's fingerprint
	for _, q := range im.untriedProfiles(im.Journal.Book(), known) {
		f, err := tryProfile(q, p)
		if err != nil {
			return err
		}
		found[q.Fingerprint()] = f
	}
	if len(found) == 0 {
		return nil
	}
	return im.Journal.AppendFor(ctx, tx, func(b journal.Book) []journal.Fact {
		var facts []journal.Fact
		for _, q := range im.untriedProfiles(b, known) {
			if f, ok := found[q.Fingerprint()]; ok {
				facts = append(facts, f)
			}
		}
		return facts
	})
}

// untriedProfiles leaves out the profiles that were tried as they read today.
func (im Importer) untriedProfiles(book journal.Book, known journal.Package) profile.Set {
	if len(im.Profiles) == 0 {
		return nil
	}
	tried := book.ProfiledOf(known.Package)
	return slices.DeleteFunc(im.Profiles.Covering(known.Manifest.GUID), func(p profile.Profile) bool {
		return slices.ContainsFunc(tried, func(f journal.Profiled) bool { return f.Fingerprint == p.Fingerprint() })
	})
}

// tryProfile is what one profile finds in one package.
func tryProfile(q profile.Profile, p *pbiviz.Package) (journal.Profiled, error) {
	f := journal.Profiled{Package: p.Digest(), Profile: q.Name(), Fingerprint: q.Fingerprint()}
	found, err := q.Read(p)
	if err == nil {
		f.Terms, f.Token = found.ReadableTerms(), found.Token
		if q.Masks() {
			f.Masked, err = q.Masked(p)
		}
	}
	var refusal *verdict.Refusal
	if errors.As(err, &refusal) {
		f.Findings, err = refusal.Findings, nil
	}
	return f, err
}
