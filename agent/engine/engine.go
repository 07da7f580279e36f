// Package engine opens one installation, as its settings and its ports say, and
// works on it: it takes packages in, looks into the stores, decides, changes them,
// and tells people. Apply, rollback and the agent's round are one and the same here.
//
// It prints nothing, asks nothing, reads no flag, and knows neither exit codes nor
// pages. The command line, the agent's socket, and the console stand on it.
package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/orgstore/orgstore/agent/board"
	"github.com/orgstore/orgstore/agent/comparison"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/lease"
	"github.com/orgstore/orgstore/packages/archive"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/profile"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/policies/drift"
	"github.com/orgstore/orgstore/policies/plan"
)

// MaxBundle bounds a trust bundle, in bytes: keys of a hundred visuals take a
// twentieth of it.
const MaxBundle = 1 << 20

// An Engine is one opened installation: the data folder, the trust and the stores
// that its settings name.
type Engine struct {
	Ports
	Settings         config.Settings
	Reread           func() (config.Settings, error) // the settings as they are now
	Tx               journal.TxID
	Journal          *journal.Journal
	archive          *archive.Archive
	Trust            license.Trust // without status lists: see currentTrust
	statusCache      statusCache
	Stores           map[string]store.Store
	lease            *lease.Lease      // nil while it may not change stores
	exportLists      map[string]*lists // what people took from each store
	facts            tenant.Facts
	profiles         profile.Set
	profilesError    error                    // why a vendor profile cannot be read; nil where all can be
	isLibraryWriting bool                     // files in the library may still be being written
	UnreadLibrary    string                   // what kept the library from being read; empty if nothing did
	signInFault      *fault.Fault             // why nobody could sign in; nil if nobody had to, or it went well
	tenant           Tenant                   // nil until something needs it
	annotator        *board.Annotator         // nil where the library shows no notes, or was not asked
	dates            dates                    // what Microsoft's hosts told the time is
	UnpostedLibrary  string                   // what kept notes from being shown; empty if nothing did
	durations        map[string]time.Duration // how long changes of each store usually take
	activityLog      drift.Log                // how the activity log was read
	driftReport      drift.Report             // what drifted, once something asked
	comparisons      *comparison.Comparer     // see comparer; nil until something needs it
	Adopted          []plan.Adoption          // what was adopted since it was opened
	drifts           map[store.Key]plan.Drift // what somebody else changed, at the last look
	unread           map[string]plan.Unread   // stores that could not be looked into, at the last look
	accountsShared   []string                 // accounts that several people use: see sharedAccounts
}

// Open opens what settings name. The caller closes the engine. Reread reads the
// settings as they are by then: the engine reads them again once nobody else may
// change stores.
func Open(ctx context.Context, settings config.Settings, ports Ports, reread func() (config.Settings, error)) (*Engine, error) {
	if err := guardData(settings); err != nil {
		return nil, err
	}
	e := &Engine{Ports: ports, Reread: reread}
	var err error
	if e.Tx, err = journal.NewTxID(e.Now(), rand.Reader); err != nil {
		return nil, err
	}
	if err := e.useSettings(ctx, settings); err != nil {
		return nil, err
	}
	if e.archive, err = archive.Open(e.Disk, archiveFolder(settings)); err != nil {
		return nil, err
	}
	// Read before the journal, which others may carry on meanwhile.
	known := e.checkpoints().Read()
	if err := e.openJournal(ctx); err != nil {
		return nil, err
	}
	if err := e.checkpoints().Verify(ctx, e.Journal, e.Tx, known); err != nil {
		return nil, errors.Join(err, e.Journal.Close())
	}
	if err := e.dropOlderBundles(); err != nil {
		return nil, errors.Join(err, e.Journal.Close())
	}
	return e, nil
}

// readBook reads the journal if there is one, and makes none.
func readBook(ctx context.Context, settings config.Settings, ports Ports) (journal.Book, error) {
	_, err := ports.Disk.Stat(filepath.Join(settings.Data, "journal.db"))
	if errors.Is(err, fs.ErrNotExist) {
		return journal.Book{}, nil
	}
	e := &Engine{Ports: ports, Settings: settings}
	if err := e.openJournal(ctx); err != nil {
		return journal.Book{}, err
	}
	book := e.Journal.Book()
	return book, e.Close()
}

// useSettings takes settings as those in force: trust, tenant facts, profiles and
// stores are what they name.
func (e *Engine) useSettings(ctx context.Context, settings config.Settings) error {
	book := journal.Book{}
	if e.Journal != nil {
		book = e.Journal.Book()
	}
	trust, err := e.readTrust(settings, book)
	if err != nil {
		return err
	}
	known, err := e.tenantFacts(settings)
	if err != nil {
		return err
	}
	e.Settings, e.Trust, e.facts = settings, trust, known
	e.profiles, e.profilesError = e.ProfilesInForce(settings)
	e.statusCache, e.accountsShared, e.comparisons, e.drifts = statusCache{}, nil, nil, nil
	e.openStores()
	return nil
}

// readAgain reads the journal and the settings again, once this process alone may
// change stores: others may have changed both since they were opened, while this
// process read a slow library or waited for an answer. Everything is computed
// from what is read here.
func (e *Engine) readAgain(ctx context.Context) error {
	if err := e.Journal.Refresh(ctx); err != nil {
		return err
	}
	fresh, err := e.Reread()
	switch {
	case err != nil:
		return err
	case fresh.Digest() == e.Settings.Digest():
		return nil
	case fresh.Data != e.Settings.Data:
		return fault.New(CodeSettingsMoved, "run the command again", "the settings have changed and name another data folder, %s", fresh.Data)
	}
	if e.tenant != nil {
		if err := e.tenant.Close(); err != nil {
			return err
		}
		e.tenant = nil
	}
	e.Journal.SetPolicy(fresh.Digest())
	return e.useSettings(ctx, fresh)
}

func archiveFolder(s config.Settings) string { return filepath.Join(s.Data, "archive") }

func (e *Engine) openJournal(ctx context.Context) error {
	actor, err := e.Actor()
	if err != nil {
		return err
	}
	if _, err := e.Disk.Stat(filepath.Join(e.Settings.Data, "journal.db")); errors.Is(err, fs.ErrNotExist) && len(e.Settings.Visuals) > 0 {
		e.note("a new journal begins in %s; if there was one before, restore that folder from your backup: history, holds and blocks are in it", e.Settings.Data)
	}
	log, err := e.Ports.OpenJournal(ctx, filepath.Join(e.Settings.Data, "journal.db"))
	if err != nil {
		return err
	}
	e.noteUpdate(log)
	stamp := journal.Stamp{Actor: actor, Clock: e.Now, Policy: e.Settings.Digest()}
	if e.Journal, err = journal.Open(ctx, log, stamp); err != nil {
		return errors.Join(err, log.Close())
	}
	return nil
}

// noteUpdate says that opening the journal changed its form: also a command that only
// looks does that, and the program before this one cannot open it any more.
func (e *Engine) noteUpdate(log journal.Log) {
	updater, ok := log.(journal.Updater)
	if !ok {
		return
	}
	if u, done := updater.Update(); done {
		e.note("the audit log of an earlier orgstore was updated (schema %d to %d), and that orgstore cannot open it any more; a copy of it as it was is %s", u.From, u.To, u.Copy)
	}
}

// Close lets go of the lock and the journal.
func (e *Engine) Close() error {
	e.checkpoints().Write(e.Journal.Book())
	var err error
	if e.tenant != nil {
		err = e.tenant.Close()
	}
	return errors.Join(err, e.ReleaseLease(), e.Journal.Close())
}
