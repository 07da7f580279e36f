package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/verdict"
)

// An UpdateTrustRequest asks that a vendor's next trust bundle replace the one in force.
type UpdateTrustRequest struct {
	File string `json:"file"` // the next bundle
	// Vendor is the vendor's name in the settings; empty if the bundle tells whose it is.
	Vendor string `json:"vendor,omitempty"`
	// AllowOlder takes a bundle that is older than the newest one that was in force. It
	// needs a reason.
	AllowOlder bool    `json:"allow_older,omitempty"`
	Reason     string  `json:"reason,omitempty"`
	DryRun     bool    `json:"dry_run,omitempty"`
	Consent    Consent `json:"consent,omitzero"`
}

// An UpdateTrustResult is what became of an UpdateTrustRequest.
type UpdateTrustResult struct {
	Update  TrustUpdate `json:"update"`
	Message string      `json:"message"` // one sentence for people
	// Question is asked first: nothing was changed.
	Question *Question `json:"question,omitempty"`
}

// A TrustUpdate says what a vendor's next trust bundle changes.
type TrustUpdate struct {
	Name        string         `json:"name"`
	Bundle      string         `json:"bundle"`
	Fingerprint string         `json:"fingerprint"`
	From        int64          `json:"from_version"`
	Version     int64          `json:"version"`
	Changes     []BundleChange `json:"changes"`
	Lost        []LostTrust    `json:"no_longer"` // what could not be installed any more
}

// UpdateTrust replaces a vendor's trust bundle by the next version, which the root keys
// of both signed.
func (e *Engine) UpdateTrust(ctx context.Context, r UpdateTrustRequest) (UpdateTrustResult, error) {
	text, err := e.Read(r.File, MaxBundle)
	if err != nil {
		return UpdateTrustResult{}, err
	}
	if !r.DryRun {
		if err := e.recordBundles(ctx); err != nil {
			return UpdateTrustResult{}, err
		}
	}
	if r.AllowOlder {
		return e.allowOlderBundle(ctx, r, text)
	}
	next, err := e.findNextBundle(r, text)
	if err != nil {
		return UpdateTrustResult{}, err
	}
	if err := checkNotOlder(next.new, next.vendor.Bundle, e.Journal.Book()); err != nil {
		return UpdateTrustResult{}, err
	}
	out, err := e.describeUpdate(next)
	switch {
	case err != nil:
		return out, err
	case next.isInForce():
		out.Message = fmt.Sprintf("version %d is in force already; nothing was changed", next.old.Version())
		if r.DryRun {
			return out, nil
		}
		return out, e.syncTrust(next.vendor)
	}
	edit := next.pinIn(e.Settings)
	if err := e.checkEdit(e.Settings, edit); err != nil {
		return out, err
	}
	if r.DryRun {
		out.Message = "nothing was done: this was a dry run"
		return out, nil
	}
	out.Question, err = askAbout(r.Consent, fmt.Sprintf("believe version %d of the trust bundle of %s in place of version %d",
		next.new.Version(), safetext.Line(next.vendor.Name), next.old.Version()), out.Update)
	if err != nil || out.Question != nil {
		return out, err
	}
	return out, e.installBundle(ctx, next, edit)
}

// A nextBundle is a vendor's bundle that is to replace another.
type nextBundle struct {
	vendor   config.Vendor
	old, new license.Bundle
	text     []byte
	file     string // where it goes
}

// isInForce reports whether the settings pin the bundle already.
func (n nextBundle) isInForce() bool { return n.new.Fingerprint() == n.old.Fingerprint() }

// pinIn edits the settings file so that it names the bundle.
func (n nextBundle) pinIn(s config.Settings) settingsEdit {
	return func(text []byte) ([]byte, error) {
		return config.UpdateVendor(text, n.vendor.Name, besideSettings(s, n.file), n.new.Fingerprint())
	}
}

// installBundle writes the bundle, records who decided it, and changes the settings
// last: until then the old bundle is in force and whole, and from then on the new
// one is. Whoever was stopped in between begins again, and records nothing twice.
func (e *Engine) installBundle(ctx context.Context, next nextBundle, edit settingsEdit) error {
	if err := e.writeBundle(next); err != nil {
		return err
	}
	var facts []journal.Fact
	if _, isKnown := e.Journal.Book().Updated(next.new.Fingerprint()); !isKnown {
		facts = append(facts, journal.TrustChanged{
			Change: journal.TrustUpdated, Vendor: next.vendor.Name,
			From: next.old.Fingerprint(), To: next.new.Fingerprint(), Version: next.new.Version(),
		})
	}
	facts = append(facts, newerBundle(e.Journal.Book(), next.vendor.Name, next.new)...)
	if len(facts) == 0 {
		return e.editSettings(e.Settings, edit)
	}
	return e.recordAndEdit(ctx, edit, facts...)
}

// writeBundle writes the bundle to its file, or makes sure that the file stays.
func (e *Engine) writeBundle(next nextBundle) error {
	have, err := disk.ReadFile(e.Disk, next.file, MaxBundle)
	if err != nil || !bytes.Equal(have, next.text) {
		err = e.Write(next.file, 0o644, next.text)
	} else {
		err = e.Disk.SyncDir(filepath.Dir(next.file))
	}
	if err != nil {
		return files.Unwritable(next.file, err)
	}
	return nil
}

// syncTrust makes the bundle in force and the settings durable: whoever wrote them may
// have been stopped before that.
func (e *Engine) syncTrust(v config.Vendor) error {
	return errors.Join(e.Disk.SyncDir(filepath.Dir(v.Bundle)), e.Disk.SyncDir(filepath.Dir(e.Settings.File)))
}

// findNextBundle finds whose next bundle a text is. If it is nobody's, the error says
// why it is not that of the vendor whose issuers it has.
func (e *Engine) findNextBundle(r UpdateTrustRequest, text []byte) (nextBundle, error) {
	next, err := license.ParseBundle(text)
	if err != nil {
		return nextBundle{}, fmt.Errorf("cannot read the trust bundle %s: %w", r.File, err)
	}
	var refused error
	for _, v := range e.Settings.Trust.Vendors {
		if r.Vendor != "" && v.Name != r.Vendor {
			continue
		}
		old, err := e.pinnedBundle(v)
		switch {
		case err == nil && old.Fingerprint() == next.Fingerprint():
			return nextBundle{v, old, next, text, v.Bundle}, nil
		case err == nil:
			_, err = old.Update(text)
		case r.Vendor != "" || len(e.Settings.Trust.Vendors) == 1:
			return nextBundle{}, fault.New(string(fault.Of(err).Verdict()),
				"put the bundle in force back where the settings say, and name the new one from another place; if it is lost, remove the vendor and add it again, comparing the fingerprint",
				"cannot update %s: %w", v.Name, err).DueTo(fault.CodeLicense)
		}
		if err == nil {
			found := nextBundle{v, old, next, text, nextBundleFile(v.Bundle, old.Version(), next.Version())}
			return found, e.checkNoOtherFile(found)
		}
		if r.Vendor != "" || haveSameIssuer(old, next) {
			refused = fmt.Errorf("cannot update %s: %w", v.Name, err)
		}
	}
	if refused != nil {
		return nextBundle{}, refused
	}
	return nextBundle{}, fault.New("trust.unknown", "name the vendor with --name; or add a new one with `orgstore trust add`",
		"%s is the next trust bundle of no vendor in the settings", r.File).DueTo(fault.CodeLicense)
}

// haveSameIssuer reports whether two bundles name one issuer.
func haveSameIssuer(a, b license.Bundle) bool {
	return slices.ContainsFunc(a.Issuers(), func(i license.Issuer) bool {
		return slices.ContainsFunc(b.Issuers(), func(j license.Issuer) bool { return i.Name == j.Name })
	})
}

// nextBundleFile names the file of the next version: aurora.trust becomes
// aurora-2.trust, and that aurora-3.trust.
func nextBundleFile(file string, from, to int64) string {
	suffix := filepath.Ext(file)
	stem := strings.TrimSuffix(strings.TrimSuffix(file, suffix), fmt.Sprintf("-%d", from))
	return fmt.Sprintf("%s-%d%s", stem, to, suffix)
}

// checkNoOtherFile refuses to write over a file that holds something else.
func (e *Engine) checkNoOtherFile(next nextBundle) error {
	have, err := disk.ReadFile(e.Disk, next.file, MaxBundle)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && bytes.Equal(have, next.text):
		return nil
	case err != nil && !errors.Is(err, disk.ErrTooLarge):
		return files.Unreadable(next.file, err)
	}
	return fault.New("file.exists", "move it away", "%s exists already and is another file; nothing was written", next.file)
}

// describeUpdate says what an update changes. It refuses a bundle under which the
// settings contradict themselves.
func (e *Engine) describeUpdate(next nextBundle) (UpdateTrustResult, error) {
	vendors, attesters := e.trustParts(e.Settings, e.Journal.Book())
	for i, v := range vendors {
		if v.Name == next.vendor.Name {
			vendors[i].Bundle, vendors[i].Unavailable = next.new, verdict.Finding{}
		}
	}
	after, err := license.NewTrust(e.Settings.Tenant, vendors, attesters...)
	if err != nil {
		return UpdateTrustResult{}, err
	}
	u := TrustUpdate{
		Name: next.vendor.Name, Bundle: next.file, Fingerprint: next.new.Fingerprint(),
		From: next.old.Version(), Version: next.new.Version(),
		Changes: BundleChanges(next.old, next.new, next.vendor.GUIDs), Lost: e.lostTrust(after),
	}
	return UpdateTrustResult{Update: u, Message: fmt.Sprintf(
		"%s is believed by version %d of its trust bundle, in %s", next.vendor.Name, u.Version, next.file)}, nil
}
