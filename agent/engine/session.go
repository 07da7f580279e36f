package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/board"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/observe"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/archive"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/library"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/profile"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/approval"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/drift"
	"github.com/orgstore/orgstore/policies/plan"
	"github.com/orgstore/orgstore/policies/rule"
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
	Archive          *archive.Archive
	Trust            license.Trust // without status lists: see believed
	statusCache      statusCache
	Stores           map[string]store.Store
	lease            *heldLease        // nil while it may not change stores
	exportLists      map[string]*lists // what people took from each store
	Facts            tenant.Facts
	Profiles         profile.Set
	profilesError    error        // why a vendor profile cannot be read; nil where all can be
	IsLibraryWriting bool         // files in the library may still be being written
	UnreadLibrary    string       // what kept the library from being read; empty if nothing did
	signInFault      *fault.Fault // why nobody could sign in; nil if nobody had to, or it went well
	tenant           Tenant       // nil until something needs it
	board            *board.Board // nil where the library shows no notes, or was not asked
	poster           board.Poster
	dates            dates                       // what Microsoft's hosts told the time is
	UnpostedLibrary  string                      // what kept notes from being shown; empty if nothing did
	durations        map[string]time.Duration    // how long changes of each store usually take
	activityLog      drift.Log                   // how the activity log was read
	DriftReport      drift.Report                // what drifted, once something asked
	ruleFacts        map[store.StepID]rule.Facts // of steps that rules were asked about
	Adopted          []plan.Adoption             // what this session took for what there is
	drifts           map[store.Key]plan.Drift    // what somebody else changed, at the last look
	accountsShared   []string                    // accounts that several people use: see shared
}

// Open opens what settings name. Close it. Reread reads the settings as they are
// by then: they are read again once nobody else may change stores.
func Open(ctx context.Context, settings config.Settings, ports Ports, reread func() (config.Settings, error)) (*Engine, error) {
	s := &Engine{Ports: ports, Reread: reread}
	var err error
	if s.Tx, err = journal.NewTxID(s.Now(), rand.Reader); err != nil {
		return nil, err
	}
	if err := s.useSettings(ctx, settings); err != nil {
		return nil, err
	}
	if s.Archive, err = archive.Open(s.Disk, ArchiveFolder(settings)); err != nil {
		return nil, err
	}
	// Read before the journal, which others may carry on meanwhile.
	checkpoints := s.ReadCheckpoints()
	if err := s.openJournal(ctx); err != nil {
		return nil, err
	}
	if err := s.VerifyCheckpoints(ctx, checkpoints); err != nil {
		return nil, errors.Join(err, s.Journal.Close())
	}
	return s, nil
}

// ReadBook reads the journal if there is one, and makes none.
func ReadBook(ctx context.Context, settings config.Settings, ports Ports) (journal.Book, error) {
	_, err := ports.Disk.Stat(filepath.Join(settings.Data, "journal.db"))
	if errors.Is(err, fs.ErrNotExist) {
		return journal.Book{}, nil
	}
	s := &Engine{Ports: ports, Settings: settings}
	if err := s.openJournal(ctx); err != nil {
		return journal.Book{}, err
	}
	book := s.Journal.Book()
	return book, s.Close()
}

// OfParts returns an engine that only weighs: it has neither a journal nor stores.
func OfParts(settings config.Settings, ports Ports, trust license.Trust, facts tenant.Facts, profiles profile.Set) *Engine {
	return &Engine{Ports: ports, Settings: settings, Trust: trust, Facts: facts, Profiles: profiles}
}

// TryRecorded opens the store that a recipe drives, to read alone, and returns it
// with what lets go of the way to the tenant.
func TryRecorded(settings config.Settings, ports Ports, recipe, approved string) (store.Store, func() error, error) {
	s := &Engine{Ports: ports, Settings: settings}
	target, err := s.OpenRecorded(recipe, approved)
	if s.tenant == nil {
		return target, func() error { return nil }, err
	}
	return target, s.tenant.Close, err
}

// useSettings takes settings as those in force: trust, tenant facts, profiles and
// stores are what they name.
func (s *Engine) useSettings(ctx context.Context, settings config.Settings) error {
	trust, err := s.ReadTrust(settings)
	if err != nil {
		return err
	}
	known, err := s.TenantFacts(settings)
	if err != nil {
		return err
	}
	s.Settings, s.Trust, s.Facts = settings, trust, known
	s.Profiles, s.profilesError = s.ProfilesInForce(settings)
	s.statusCache, s.accountsShared, s.ruleFacts, s.drifts = statusCache{}, nil, nil, nil
	return s.openStores(ctx)
}

// readAgain reads the journal and the settings again, once this process alone may
// change stores: others may have changed both since they were opened, while this
// process read a slow library or waited for an answer. Everything is computed
// from what is read here.
func (s *Engine) readAgain(ctx context.Context) error {
	if err := s.Journal.Refresh(ctx); err != nil {
		return err
	}
	fresh, err := s.Reread()
	switch {
	case err != nil:
		return err
	case fresh.Digest() == s.Settings.Digest():
		return nil
	case fresh.Data != s.Settings.Data:
		return fault.New("settings.moved", "run the command again", "the settings have changed and name another data folder, %s", fresh.Data)
	}
	if s.tenant != nil {
		if err := s.tenant.Close(); err != nil {
			return err
		}
		s.tenant = nil
	}
	s.Journal.SetPolicy(fresh.Digest())
	return s.useSettings(ctx, fresh)
}

// forbids returns the hold or block that keeps a step from being carried out now,
// and nil if there is none. What a person asked for, and the way back from a failed
// step, pass both.
func (s *Engine) forbids(book journal.Book, step plan.Step) *verdict.Refusal {
	if step.Asked || step.Kind == change.Restore {
		return nil
	}
	for _, g := range s.Gates(step) {
		if g.Kind == plan.GateHold && g.State == plan.GateClosed {
			return verdict.Refuse(g.Code(), g.Message, g.Hint)
		}
	}
	if r := step.To.Release; r != nil && step.Kind.Puts() {
		for _, b := range book.Blocks() {
			if b.Key == step.Key && b.Pin == s.pinOf(step.Key) && b.Covers(*r, ContentOf(book, r.Digest)) {
				return verdict.Refuse(plan.CodeRolledBack, fmt.Sprintf("%s was blocked since this change was planned: %s", r, b.Reason),
					fmt.Sprintf("to allow it again: orgstore unblock %s", step.Key.GUID))
			}
		}
	}
	return nil
}

func ArchiveFolder(s config.Settings) string { return filepath.Join(s.Data, "archive") }

func (s *Engine) openJournal(ctx context.Context) error {
	actor, err := s.Actor()
	if err != nil {
		return err
	}
	if _, err := s.Disk.Stat(filepath.Join(s.Settings.Data, "journal.db")); errors.Is(err, fs.ErrNotExist) && len(s.Settings.Visuals) > 0 {
		s.note("a new journal begins in %s; if there was one before, restore that folder from your backup: history, holds and blocks are in it", s.Settings.Data)
	}
	log, err := s.Ports.OpenJournal(ctx, filepath.Join(s.Settings.Data, "journal.db"))
	if err != nil {
		return err
	}
	stamp := journal.Stamp{Actor: actor, Clock: s.Now, Policy: s.Settings.Digest()}
	if s.Journal, err = journal.Open(ctx, log, stamp); err != nil {
		return errors.Join(err, log.Close())
	}
	return nil
}

// Close lets go of the lock and the journal.
func (s *Engine) Close() error {
	s.writeCheckpoints()
	var err error
	if s.tenant != nil {
		err = s.tenant.Close()
	}
	return errors.Join(err, s.ReleaseLease(), s.Journal.Close())
}

// BeginChanging takes the lock under which stores are changed, and finishes what an
// interrupted run left behind.
func (s *Engine) BeginChanging(ctx context.Context, command string) ([]apply.Result, error) {
	if s.profilesError != nil { // masks decide what is a renewal
		return nil, s.profilesError
	}
	if err := s.acquireLease(ctx, command); err != nil {
		return nil, err
	}
	if err := s.readAgain(ctx); err != nil {
		return nil, err
	}
	if err := s.sweep(); err != nil {
		return nil, err
	}
	return s.Applier().Recover(ctx, s.Tx)
}

// sweep clears away what interrupted runs left half written. Only who holds the
// lock may: to anybody else it might be the work of a run that goes on.
func (s *Engine) sweep() error {
	errs := []error{
		s.Archive.Sweep(),
		// The cursor is written without the lock: only what is old is left over.
		disk.Sweep(s.Disk, s.Settings.Data, s.Now().Add(-time.Hour)),
	}
	for _, target := range s.Stores {
		if t, ok := target.(interface{ Sweep() error }); ok {
			errs = append(errs, t.Sweep())
		}
	}
	return errors.Join(errs...)
}

// Moment settles one moment.
func (s *Engine) Moment() moment.Moment {
	return moment.Settle(s.Now(), s.Journal.Book().TimeMark(), -1)
}

func (s *Engine) Importer() intake.Desk {
	d := intake.Desk{Archive: s.Archive, Journal: s.Journal, Trust: s.Trust, Limits: pbiviz.DefaultLimits(), Profiles: s.Profiles, Now: s.Now}
	if name := s.HomeStore(); name != "" && !CanList(s.Stores[name]) {
		d.Store = name
	}
	return d
}

func (s *Engine) Observer() observe.Observer {
	o := observe.Observer{
		Stores: s.Stores, Trust: s.CurrentTrust(), Least: s.Settings.Trust.Least,
		Tolerant: s.Settings.Packages.Tolerant, Tenant: s.Settings.Tenant,
		Usage: s.Facts, Profiles: s.Profiles, LeastOf: map[visual.GUID]license.Grade{},
		OnDrift: map[store.Key]plan.DriftMode{}, Hybrid: map[store.Key]bool{},
	}
	for _, v := range s.Settings.Visuals {
		if v.Least != "" {
			o.LeastOf[v.GUID] = v.Least
		}
		for _, name := range s.Settings.RingsOf(v) {
			k := store.Key{Store: name, GUID: v.GUID}
			o.Wanted = append(o.Wanted, plan.Wanted{Key: k, Pin: v.Pin})
			o.OnDrift[k], o.Hybrid[k] = v.Drift, v.Hybrid
		}
	}
	s.addRings(&o)
	return o
}

func (s *Engine) Applier() *apply.Applier {
	o := s.Observer()
	against := map[string]apply.Against{}
	for name := range s.Stores {
		if in := o.In(name); len(s.Stores) > 1 {
			against[name] = apply.Against{Facts: in.Facts, Entitled: in.Entitled}
		}
	}
	return &apply.Applier{
		Journal: s.Journal, Archive: s.Archive, Stores: s.Stores, Trust: s.CurrentTrust(),
		Limits: pbiviz.DefaultLimits(), Facts: o.Facts, Entitled: o.Entitled, Against: against, Clock: s.Moment,
		Need: o.Need, Profiles: s.Profiles, Checks: s.checkersOf, Leaves: s.BlockFor,
		Lead:    func(ctx context.Context) error { return s.Journal.Lead(ctx, leaseTerm, false) },
		Forbids: s.forbids,
	}
}

// TakeIn takes in what arrived in the library since the last time, and binds what
// waited. An item seen twice is harmless, one missed is not: the cursor is
// saved last.
func (s *Engine) TakeIn(ctx context.Context) ([]intake.Taken, error) {
	desk := s.Importer()
	_, unbound := desk.Rebind(ctx, s.Tx) // one damaged package must not keep the others out
	unbound = errors.Join(unbound, desk.Reprofile(ctx, s.Tx), desk.Restatus(ctx, s.Tx))
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	lib, err := s.OpenLibrary(ctx)
	if err != nil {
		return nil, errors.Join(unbound, err)
	}
	file := filepath.Join(s.Settings.Data, "library.cursor")
	from, err := disk.ReadFile(s.Disk, file, maxCursor)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if fresh, err := s.loadBoard(lib); err != nil {
		return nil, err
	} else if fresh {
		from = nil
	}
	taken, next, err := desk.Poll(ctx, s.Tx, lib, library.Cursor(from))
	unbound = errors.Join(unbound, s.recordWitnessedTime(ctx))
	s.noteRefused(taken)
	if err != nil && len(taken) == 0 {
		s.board = nil // who could not list the library could not be told anything there either
	}
	if s.board != nil {
		s.board.Take(taken)
		if saved := s.saveBoard(); saved != nil { // before the cursor: see package board
			return taken, errors.Join(unbound, err, saved)
		}
	}
	if f, ok := lib.(interface{ Fresh() int }); ok && f.Fresh() > 0 {
		s.IsLibraryWriting = true
		s.note("%s in the library arrived just now and may still be being written: run the command again in a few seconds", Count(f.Fresh(), "file"))
	}
	if err == nil && string(next) != string(from) {
		err = s.Write(file, 0o600, []byte(next))
	}
	return taken, errors.Join(unbound, err)
}

// noteRefused says once which new files of the library are no good: the cursor
// moves past them.
func (s *Engine) noteRefused(taken []intake.Taken) {
	for _, t := range taken {
		switch {
		case t.Gone:
			s.note("%s was taken out of the library before it was read", safetext.Line(t.Source))
		case t.Waits:
			s.note("%s in the library is kept and waits for its vendor's trust bundle", safetext.Line(t.Source))
		case t.Refused != nil:
			s.note("%s in the library is refused: %s", safetext.Line(t.Source), safetext.Line(t.Refused.Error()))
		}
	}
}

// maxCursor bounds the saved cursor, in bytes: a hundred for each file of a
// library of a hundred thousand.
const maxCursor = 16 << 20

// LookAndPlan polls the library, looks at everything and computes the plan. What
// cannot be read in the library is said and stops nothing: a rollback must not
// wait for a share.
func (s *Engine) LookAndPlan(ctx context.Context, asks []plan.Ask) (plan.Plan, plan.Input, error) {
	if _, err := s.TakeIn(ctx); ctx.Err() != nil {
		return plan.Plan{}, plan.Input{}, ctx.Err()
	} else if err != nil {
		s.NoteUnreadLibrary(err)
	}
	if err := s.takeInForeignPackages(ctx); err != nil {
		return plan.Plan{}, plan.Input{}, err
	}
	return s.PlanNow(ctx, asks)
}

// PlanNow looks at everything that is known already and computes the plan.
func (s *Engine) PlanNow(ctx context.Context, asks []plan.Ask) (plan.Plan, plan.Input, error) {
	in, err := s.Observer().Input(ctx, s.Journal.Book(), asks, s.Moment())
	switch {
	case ctx.Err() != nil:
		return plan.Plan{}, in, ctx.Err()
	case err != nil:
		return plan.Plan{}, in, fault.New("store.unreadable", "see to it that the store can be reached; nothing was changed", "%w", err)
	}
	in.Held = func(step plan.Step) bool { return !plan.Ready(s.Gates(step)) }
	in.Consent = s.consentGates
	p := s.sortByRing(plan.Compute(in))
	s.drifts = p.Drifts
	return p, in, nil
}

// Gates asks what holds a step back right now.
func (s *Engine) Gates(step plan.Step) []plan.Gate { return plan.Gates(step, s.Conditions(step)) }

// consentGates asks what rules and people say of a step right now.
func (s *Engine) consentGates(step plan.Step) []plan.Gate {
	return plan.Consent(step, s.Conditions(step))
}

// Conditions gathers what the gates of a step are computed from, at this moment.
func (s *Engine) Conditions(step plan.Step) plan.Conditions {
	book := s.Journal.Book()
	c := plan.Conditions{
		At: s.Moment(), Holds: book.Holds(), Overrides: s.countingOverrides(book, step), Tries: book.Tries(),
		Rulings:  map[store.StepID][]plan.Ruling{step.ID: s.violationsOf(step)},
		People:   map[store.StepID]approval.Record{step.ID: s.PeopleBehind(book, step)},
		Checks:   map[store.StepID]plan.Check{step.ID: s.plannedCheck(step)},
		Unclear:  book.Unclear(),
		Policies: map[store.Key]plan.Policy{}, Usual: s.usualDurations(), Seen: map[visual.Digest]time.Time{},
	}
	if v, ok := s.Settings.Visual(step.Key.GUID); ok {
		c.Policies[step.Key] = s.Settings.Policy(v)
		c.Rings = s.ringsOf(v, step.Key, c.At)
	}
	if r := step.To.Release; r != nil {
		if p, ok := book.Package(r.Digest); ok {
			c.Seen[r.Digest] = p.FirstSeen
		}
	}
	return c
}

// usualDurations is how long changes of each store take, from begun to done. It is found
// once: a change or two more do not matter.
func (s *Engine) usualDurations() map[string]time.Duration {
	if s.durations == nil {
		s.durations = s.Journal.Book().Usual()
	}
	return s.durations
}
