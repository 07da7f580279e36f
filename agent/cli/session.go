package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"github.com/orgstore/orgstore/agent/fault"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/board"
	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/observe"
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

// maxBundle bounds a trust bundle, in bytes: keys of a hundred visuals take a
// twentieth of it.
const maxBundle = 1 << 20

// A session is what a command works with once the settings are read: the data
// folder, the trust, the store.
type session struct {
	*globals
	settings config.Settings
	reread   func() (config.Settings, error) // the settings as they are now
	tx       journal.TxID
	journal  *journal.Journal
	archive  *archive.Archive
	trust    license.Trust // without status lists: see believed
	heard    listened
	stores   map[string]store.Store
	leads    *lead             // nil while it may not change stores
	lists    map[string]*lists // what people took from each store
	known    tenant.Facts
	profiles profile.Set
	broken   error        // why a vendor profile cannot be read; nil where all can be
	writing  bool         // files in the library may still be being written
	unread   string       // what kept the library from being read; empty if nothing did
	unsigned *fault.Fault // why nobody could sign in; nil if nobody had to, or it went well
	tenant   Tenant       // nil until something needs it
	board    *board.Board // nil where the library shows no notes, or was not asked
	poster   board.Poster
	dates    dates                       // what Microsoft's hosts told the time is
	unposted string                      // what kept notes from being shown; empty if nothing did
	took     map[string]time.Duration    // how long changes of each store usually take
	log      drift.Log                   // how the activity log was read
	report   drift.Report                // what drifted, once something asked
	judged   map[store.StepID]rule.Facts // of steps that rules were asked about
	adopted  []plan.Adoption             // what this session took for what there is
	drifts   map[store.Key]plan.Drift    // what somebody else changed, at the last look
	several  []string                    // accounts that several people use: see shared
}

// open reads the settings and opens what they name. Close it.
func (g *globals) open(ctx context.Context) (*session, error) {
	settings, err := g.settings()
	if err != nil {
		return nil, err
	}
	return g.openWith(ctx, settings)
}

// openWith opens what settings name.
func (g *globals) openWith(ctx context.Context, settings config.Settings) (*session, error) {
	if err := shut(settings); err != nil {
		return nil, err
	}
	s := &session{globals: g, reread: g.settings}
	var err error
	if s.tx, err = journal.NewTxID(g.Now(), rand.Reader); err != nil {
		return nil, err
	}
	if err := s.follow(ctx, settings); err != nil {
		return nil, err
	}
	if s.archive, err = archive.Open(g.Disk, archiveOf(settings)); err != nil {
		return nil, err
	}
	// Read before the journal, which others may carry on meanwhile.
	checkpoints := s.checkpoints()
	if err := s.openJournal(ctx); err != nil {
		return nil, err
	}
	if err := s.hold(ctx, checkpoints); err != nil {
		return nil, errors.Join(err, s.journal.Close())
	}
	return s, nil
}

// follow takes settings as those in force: trust, tenant facts, profiles and
// stores are what they name.
func (s *session) follow(ctx context.Context, settings config.Settings) error {
	trust, err := s.globals.trust(settings)
	if err != nil {
		return err
	}
	known, err := s.usage(settings)
	if err != nil {
		return err
	}
	s.settings, s.trust, s.known = settings, trust, known
	s.profiles, s.broken = s.inForce(settings)
	s.heard, s.several, s.judged, s.drifts = listened{}, nil, nil, nil
	return s.openStores(ctx)
}

// catchUp reads the journal and the settings again, once this process alone may
// change stores: others may have changed both since they were opened, while this
// process read a slow library or waited for an answer. Everything is computed
// from what is read here.
func (s *session) catchUp(ctx context.Context) error {
	if err := s.journal.Refresh(ctx); err != nil {
		return err
	}
	fresh, err := s.reread()
	switch {
	case err != nil:
		return err
	case fresh.Digest() == s.settings.Digest():
		return nil
	case fresh.Data != s.settings.Data:
		return fault.New("settings.moved", "run the command again", "the settings have changed and name another data folder, %s", fresh.Data)
	}
	if s.tenant != nil {
		if err := s.tenant.Close(); err != nil {
			return err
		}
		s.tenant = nil
	}
	s.journal.SetPolicy(fresh.Digest())
	return s.follow(ctx, fresh)
}

// forbids returns the hold or block that keeps a step from being carried out now,
// and nil if there is none. What a person asked for, and the way back from a failed
// step, pass both.
func (s *session) forbids(book journal.Book, step plan.Step) *verdict.Refusal {
	if step.Asked || step.Kind == change.Restore {
		return nil
	}
	for _, g := range s.gates(step) {
		if g.Kind == plan.GateHold && g.State == plan.GateClosed {
			return verdict.Refuse(g.Code(), g.Message, g.Hint)
		}
	}
	if r := step.To.Release; r != nil && step.Kind.Puts() {
		for _, b := range book.Blocks() {
			if b.Key == step.Key && b.Pin == s.pinOf(step.Key) && b.Covers(*r, contentOf(book, r.Digest)) {
				return verdict.Refuse(plan.CodeRolledBack, fmt.Sprintf("%s was blocked since this change was planned: %s", r, b.Reason),
					fmt.Sprintf("to allow it again: orgstore unblock %s", step.Key.GUID))
			}
		}
	}
	return nil
}

func archiveOf(s config.Settings) string { return filepath.Join(s.Data, "archive") }

func (s *session) openJournal(ctx context.Context) error {
	actor, err := s.Actor()
	if err != nil {
		return err
	}
	if _, err := s.Disk.Stat(filepath.Join(s.settings.Data, "journal.db")); errors.Is(err, fs.ErrNotExist) && len(s.settings.Visuals) > 0 {
		s.note("a new journal begins in %s; if there was one before, restore that folder from your backup: history, holds and blocks are in it", s.settings.Data)
	}
	log, err := s.Journal(ctx, filepath.Join(s.settings.Data, "journal.db"))
	if err != nil {
		return err
	}
	stamp := journal.Stamp{Actor: actor, Clock: s.Now, Policy: s.settings.Digest()}
	if s.journal, err = journal.Open(ctx, log, stamp); err != nil {
		return errors.Join(err, log.Close())
	}
	return nil
}

// Close lets go of the lock and the journal.
func (s *session) Close() error {
	s.mark()
	var err error
	if s.tenant != nil {
		err = s.tenant.Close()
	}
	return errors.Join(err, s.leave(), s.journal.Close())
}

// settings reads the settings file that the command line names.
func (g *globals) settings() (config.Settings, error) {
	name, err := filepath.Abs(g.settingsFile)
	if err != nil {
		return config.Settings{}, err
	}
	if err := g.guarded("the settings file", name); err != nil {
		return config.Settings{}, err
	}
	text, err := disk.ReadFile(g.Disk, name, config.MaxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return config.Settings{}, fault.New("settings.missing",
			"run `orgstore init` to write one here, or name one with --config", "there are no settings in %s", g.settingsFile)
	}
	if errors.Is(err, fs.ErrPermission) {
		return config.Settings{}, fault.New("file.unreadable", "let its owner open it to those who are to run orgstore: chmod o+r; there are no secrets in it", "cannot read %s: it is closed to this account", g.settingsFile)
	}
	if err != nil {
		return config.Settings{}, unreadableFile(g.settingsFile, err)
	}
	s, err := config.Parse(name, text)
	if err != nil {
		return s, &fault.Fault{Code: "settings.invalid", Err: err, Hint: "mend the settings file; nothing was done"}
	}
	if err := g.caller.same(s); err != nil {
		return s, err
	}
	if g.shared {
		return s, shut(s)
	}
	return s, nil
}

// changing takes the lock under which stores are changed, and finishes what an
// interrupted run left behind.
func (s *session) changing(ctx context.Context, command string) ([]apply.Result, error) {
	if s.broken != nil { // masks decide what is a renewal
		return nil, s.broken
	}
	if err := s.lead(ctx, command); err != nil {
		return nil, err
	}
	if err := s.catchUp(ctx); err != nil {
		return nil, err
	}
	if err := s.sweep(); err != nil {
		return nil, err
	}
	return s.applier().Recover(ctx, s.tx)
}

// sweep clears away what interrupted runs left half written. Only who holds the
// lock may: to anybody else it might be the work of a run that goes on.
func (s *session) sweep() error {
	errs := []error{
		s.archive.Sweep(),
		// The cursor is written without the lock: only what is old is left over.
		disk.Sweep(s.Disk, s.settings.Data, s.Now().Add(-time.Hour)),
	}
	for _, target := range s.stores {
		if t, ok := target.(interface{ Sweep() error }); ok {
			errs = append(errs, t.Sweep())
		}
	}
	return errors.Join(errs...)
}

// clock settles one moment.
func (s *session) clock() moment.Moment {
	return moment.Settle(s.Now(), s.journal.Book().TimeMark(), -1)
}

func (s *session) desk() intake.Desk {
	d := intake.Desk{Archive: s.archive, Journal: s.journal, Trust: s.trust, Limits: pbiviz.DefaultLimits(), Profiles: s.profiles, Now: s.Now}
	if name := s.home(); name != "" && !tells(s.stores[name]) {
		d.Store = name
	}
	return d
}

func (s *session) observer() observe.Observer {
	o := observe.Observer{
		Stores: s.stores, Trust: s.believed(), Least: s.settings.Trust.Least,
		Tolerant: s.settings.Packages.Tolerant, Tenant: s.settings.Tenant,
		Usage: s.known, Profiles: s.profiles, LeastOf: map[visual.GUID]license.Grade{},
		OnDrift: map[store.Key]plan.DriftMode{}, Hybrid: map[store.Key]bool{},
	}
	for _, v := range s.settings.Visuals {
		if v.Least != "" {
			o.LeastOf[v.GUID] = v.Least
		}
		for _, name := range s.settings.RingsOf(v) {
			k := store.Key{Store: name, GUID: v.GUID}
			o.Wanted = append(o.Wanted, plan.Wanted{Key: k, Pin: v.Pin})
			o.OnDrift[k], o.Hybrid[k] = v.Drift, v.Hybrid
		}
	}
	s.ringed(&o)
	return o
}

func (s *session) applier() *apply.Applier {
	o := s.observer()
	against := map[string]apply.Against{}
	for name := range s.stores {
		if in := o.In(name); len(s.stores) > 1 {
			against[name] = apply.Against{Facts: in.Facts, Entitled: in.Entitled}
		}
	}
	return &apply.Applier{
		Journal: s.journal, Archive: s.archive, Stores: s.stores, Trust: s.believed(),
		Limits: pbiviz.DefaultLimits(), Facts: o.Facts, Entitled: o.Entitled, Against: against, Clock: s.clock,
		Need: o.Need, Profiles: s.profiles, Checks: s.checks, Leaves: s.leaving,
		Lead:    func(ctx context.Context) error { return s.journal.Lead(ctx, leaseTerm, false) },
		Forbids: s.forbids,
	}
}

// poll takes in what arrived in the library since the last time, and binds what
// waited. An item seen twice is harmless, one missed is not: the cursor is
// saved last.
func (s *session) poll(ctx context.Context) ([]intake.Taken, error) {
	desk := s.desk()
	_, unbound := desk.Rebind(ctx, s.tx) // one damaged package must not keep the others out
	unbound = errors.Join(unbound, desk.Reprofile(ctx, s.tx), desk.Restatus(ctx, s.tx))
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	lib, err := s.library(ctx)
	if err != nil {
		return nil, errors.Join(unbound, err)
	}
	file := filepath.Join(s.settings.Data, "library.cursor")
	from, err := disk.ReadFile(s.Disk, file, maxCursor)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if fresh, err := s.loadBoard(lib); err != nil {
		return nil, err
	} else if fresh {
		from = nil
	}
	taken, next, err := desk.Poll(ctx, s.tx, lib, library.Cursor(from))
	unbound = errors.Join(unbound, s.witness(ctx))
	s.tellRefused(taken)
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
		s.writing = true
		s.note("%s in the library arrived just now and may still be being written: run the command again in a few seconds", plural(f.Fresh(), "file"))
	}
	if err == nil && string(next) != string(from) {
		err = s.write(file, 0o600, []byte(next))
	}
	return taken, errors.Join(unbound, err)
}

// tellRefused says once which new files of the library are no good: the cursor
// moves past them.
func (s *session) tellRefused(taken []intake.Taken) {
	for _, t := range taken {
		switch {
		case t.Gone:
			s.note("%s was taken out of the library before it was read", output.Safe(t.Source))
		case t.Waits:
			s.note("%s in the library is kept and waits for its vendor's trust bundle", output.Safe(t.Source))
		case t.Refused != nil:
			s.note("%s in the library is refused: %s", output.Safe(t.Source), output.Safe(t.Refused.Error()))
		}
	}
}

// maxCursor bounds the saved cursor, in bytes: a hundred for each file of a
// library of a hundred thousand.
const maxCursor = 16 << 20

// compute polls the library, looks at everything and computes the plan. What
// cannot be read in the library is said and stops nothing: a rollback must not
// wait for a share.
func (s *session) compute(ctx context.Context, asks []plan.Ask) (plan.Plan, plan.Input, error) {
	if _, err := s.poll(ctx); ctx.Err() != nil {
		return plan.Plan{}, plan.Input{}, ctx.Err()
	} else if err != nil {
		s.cannotRead(err)
	}
	if err := s.takeForeign(ctx); err != nil {
		return plan.Plan{}, plan.Input{}, err
	}
	return s.plan(ctx, asks)
}

// plan looks at everything that is known already and computes the plan.
func (s *session) plan(ctx context.Context, asks []plan.Ask) (plan.Plan, plan.Input, error) {
	in, err := s.observer().Input(ctx, s.journal.Book(), asks, s.clock())
	switch {
	case ctx.Err() != nil:
		return plan.Plan{}, in, ctx.Err()
	case err != nil:
		return plan.Plan{}, in, fault.New("store.unreadable", "see to it that the store can be reached; nothing was changed", "%w", err)
	}
	in.Held = func(step plan.Step) bool { return !plan.Ready(s.gates(step)) }
	in.Consent = s.consent
	p := s.inRings(plan.Compute(in))
	s.drifts = p.Drifts
	return p, in, nil
}

// gates asks what holds a step back right now.
func (s *session) gates(step plan.Step) []plan.Gate { return plan.Gates(step, s.conditions(step)) }

// consent asks what rules and people say of a step right now.
func (s *session) consent(step plan.Step) []plan.Gate { return plan.Consent(step, s.conditions(step)) }

// conditions gathers what the gates of a step are computed from, at this moment.
func (s *session) conditions(step plan.Step) plan.Conditions {
	book := s.journal.Book()
	c := plan.Conditions{
		At: s.clock(), Holds: book.Holds(), Overrides: s.overrides(book, step), Tries: book.Tries(),
		Rulings:  map[store.StepID][]plan.Ruling{step.ID: s.rulings(step)},
		People:   map[store.StepID]approval.Record{step.ID: s.people(book, step)},
		Checks:   map[store.StepID]plan.Check{step.ID: s.check(step)},
		Unclear:  book.Unclear(),
		Policies: map[store.Key]plan.Policy{}, Usual: s.usual(), Seen: map[visual.Digest]time.Time{},
	}
	if v, ok := s.settings.Visual(step.Key.GUID); ok {
		c.Policies[step.Key] = s.settings.Policy(v)
		c.Rings = s.rings(v, step.Key, c.At)
	}
	if r := step.To.Release; r != nil {
		if p, ok := book.Package(r.Digest); ok {
			c.Seen[r.Digest] = p.FirstSeen
		}
	}
	return c
}

// usual is how long changes of each store take, from begun to done. It is found
// once: a change or two more do not matter.
func (s *session) usual() map[string]time.Duration {
	if s.took == nil {
		s.took = s.journal.Book().Usual()
	}
	return s.took
}

// said adds to a message, for programs, what people were told on the way.
func (s *session) said(message string) string {
	if s.format != output.JSON {
		return message
	}
	for _, more := range []string{s.unread, s.unposted} {
		if more != "" {
			message = strings.TrimPrefix(message+"; "+more, "; ")
		}
	}
	return message
}

// ofVisual finds what a plan says of one visual; false where it says nothing.
func ofVisual(p plan.Plan, k store.Key) (line, bool) {
	for _, l := range lines(p) {
		if l.key == k {
			return l, true
		}
	}
	return line{}, false
}
