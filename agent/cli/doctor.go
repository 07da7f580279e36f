package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/lock"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/policies/plan"
)

func newDoctor(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check everything orgstore needs, here and in the tenant, and say how to mend it",
		Long: `Check everything orgstore needs, here and in the tenant, and say how to mend it.

Here: settings, data folder, journal, trust bundles, clock, library, store, and a
way back for each installed visual. In the tenant, where the settings name a
library there or a way to sign in: the sign-in and each permission, by calls that change
nothing; whether the library can be written, by an upload that is begun and taken
back. STATE is ready, limited (works, with what DETAIL says),
missing, off or unknown. Exits with 0 where nothing is missing, with 4 where
signing in failed, else with 1.`,
		Example: "  orgstore doctor\n  orgstore doctor -o json --query \"[?state=='missing'].fix\"",
		Args:    arguments(cobra.NoArgs),
		RunE: g.answering(func(ctx context.Context, _ []string) (answer, error) {
			c := &checkup{globals: g}
			err := c.all(ctx)
			a := answer{data: engine.RequirementsOf(c.found), view: requirementsView(c.found)}
			if err == nil {
				err = c.missing()
			}
			if err == nil {
				a.message = "nothing is missing"
			}
			return a, err
		}),
	}
}

// A checkup collects what doctor finds.
type checkup struct {
	*globals
	settings config.Settings
	session  *session // nil where there is no journal yet, or it cannot be opened
	found    []tenant.Requirement
}

func (c *checkup) add(name, what string, state tenant.Readiness, detail, fix string) {
	c.found = append(c.found, tenant.Requirement{Name: name, What: what, State: state, Detail: safetext.Lines(detail), Fix: fix})
}

// result adds what a check found: ready with a detail, or missing for a reason
// that says itself what to do.
func (c *checkup) result(name, what, detail string, err error, fix string) {
	if err == nil {
		c.add(name, what, tenant.Ready, detail, "")
		return
	}
	if f := fault.Known(err); f != nil && f.Hint != "" {
		fix = f.Hint
	}
	c.add(name, what, tenant.Missing, err.Error(), fix)
}

// all makes every check; an error stops it.
func (c *checkup) all(ctx context.Context) error {
	var err error
	c.settings, err = c.globals.settings()
	c.result("settings", "the settings file", c.settings.File, err, "mend the settings file")
	if err != nil {
		return nil
	}
	c.folder()
	c.trusted()
	c.facts()
	c.channels()
	c.open(ctx)
	if c.session != nil {
		defer c.session.Close()
		c.told()
		c.lock(ctx)
		c.clock()
	}
	c.library(ctx)
	listed := c.store(ctx)
	if c.session != nil {
		c.waysBack(ctx, listed)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.tenant(ctx)
}

// folder checks that something can be kept in the data folder, by keeping it.
func (c *checkup) folder() {
	err := disk.MakeDir(c.Disk, c.settings.Data, 0o700)
	if err == nil {
		err = c.keeps(c.settings.Data)
	}
	c.result("data", "the data folder, with archive and journal", c.settings.Data, err, "let the user that runs orgstore write there")
}

// keeps writes a file into a folder, and takes it away.
func (c *checkup) keeps(folder string) error {
	name := filepath.Join(folder, "doctor.check")
	if err := c.Write(name, 0o600, []byte("orgstore doctor was here\n")); err != nil {
		return err
	}
	return engine.IgnoreError(c.Disk.Remove(name), fs.ErrNotExist)
}

// trusted checks each vendor's trust bundle as commands do.
func (c *checkup) trusted() {
	vendors, _ := c.TrustParts(c.settings)
	for _, v := range vendors {
		what := "the trust bundle of " + v.Name
		switch {
		case v.Unavailable.Message != "":
			c.add("trust", what, tenant.Missing, v.Unavailable.Message, v.Unavailable.Hint)
		case !c.Now().Before(v.Bundle.Expires()):
			c.add("trust", what, tenant.Limited, "it was to be replaced by "+engine.FormatDay(v.Bundle.Expires()), "ask the vendor for its current trust bundle, then `orgstore trust update`")
		default:
			c.add("trust", what, tenant.Ready, fmt.Sprintf("version %d, fingerprint as pinned, good until %s", v.Bundle.Version(), engine.FormatDay(v.Bundle.Expires())), "")
		}
	}
	if _, err := c.ReadProfiles(c.settings); err != nil {
		c.result("profiles", "vendor profiles", "", err, "mend the profile, or take it away")
	}
}

// channels checks that what channels need can be read. Whether they reach
// anybody only a message tells.
func (c *checkup) channels() {
	for _, channel := range c.settings.Notify {
		var err error
		for _, at := range []config.Secret{channel.Teams, channel.Webhook, channel.Secret} {
			if at.Named() && err == nil && c.Secret != nil {
				_, err = c.Secret(at)
			}
		}
		c.result("notices", "the channel "+channel.Name, channel.Recipient()+"; `orgstore notice test "+channel.Name+"` tries it", err, "write the address and the secret where the settings say")
	}
}

// told says which channels could not be told something of late.
func (c *checkup) told() {
	if why := c.session.FailingChannels(); why != "" {
		c.add("notices", "channels of notices", tenant.Limited, why, "mend what is said, then `orgstore notice send`")
	}
}

// facts says whether licenses are held against anything.
func (c *checkup) facts() {
	const name, what = "facts", "facts that licenses are held against"
	known, _, err := c.MergedFacts(c.settings)
	switch {
	case err != nil:
		c.result(name, what, "", err, "")
	case known.IsZero():
		c.add(name, what, tenant.Limited, "nothing is known, so no license is held against how its visual is used", "write facts.yaml into the data folder; `orgstore facts refresh` asks the tenant")
	default:
		state, fix := tenant.Ready, ""
		if f, stale := known.Stale(c.Now()); stale {
			state, fix = tenant.Limited, f.Hint
		}
		c.add(name, what, state, c.FactsAge(known), fix)
	}
}

// open checks that the journal is whole, which opening it does: every entry is
// read and follows from the one before.
func (c *checkup) open(ctx context.Context) {
	const name, what = "journal", "the journal, entry by entry"
	if _, err := c.Disk.Stat(filepath.Join(c.settings.Data, "journal.db")); errors.Is(err, fs.ErrNotExist) {
		c.add(name, what, tenant.Ready, "there is none yet; the first command that needs it begins it", "")
		return
	}
	quiet := *c.globals // what it says of trust and profiles was found already
	quiet.Err = discard{}
	s, err := quiet.open(ctx)
	if err != nil {
		c.result(name, what, "", err, "")
		return
	}
	c.session = s
	c.add(name, what, tenant.Ready, fmt.Sprintf("entries: %d, each follows from the one before", s.Journal.Book().Seq()), "")
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

func (c *checkup) lock(ctx context.Context) {
	const name, what = "lock", "the lock under which changes are made"
	held, err := lock.Acquire(ctx, c.Disk, c.settings.Data, lock.Holder{Command: "doctor", Since: c.Now()}, 0)
	var by *lock.Held
	switch {
	case errors.As(err, &by):
		c.add(name, what, tenant.Limited, by.Error(), by.Hint())
	case err != nil:
		c.result(name, what, "", err, "")
	default:
		c.result(name, what, "nobody holds it", held.Release(), "")
	}
}

// clock holds the machine's clock against the newest trusted time.
func (c *checkup) clock() {
	const name, what = "clock_mark", "the clock against the newest trusted time seen"
	mark := c.session.Journal.Book().TimeMark()
	if c.session.Moment().State() == moment.Back {
		c.add(name, what, tenant.Missing, fmt.Sprintf("the clock says %s, and it was %s already: every change needs review", engine.FormatTime(c.Now()), engine.FormatTime(mark.Trusted)), "set the clock right")
		return
	}
	detail := "no trusted time was seen yet"
	if !mark.Trusted.IsZero() {
		detail = "not behind " + engine.FormatTime(mark.Trusted)
	}
	c.add(name, what, tenant.Ready, detail, "")
}

// library checks a folder; a library in SharePoint is the tenant's to check.
func (c *checkup) library(ctx context.Context) {
	if c.settings.Library.SharePoint.Named() {
		return
	}
	lib, err := c.Libraries.Open(ctx, engine.LibraryRequest{Settings: c.settings.Library})
	if err == nil {
		_, _, err = lib.Changes(ctx, "")
	}
	c.result("library", "the folder in which packages arrive", c.settings.Library.Folder, err, "make the folder, or correct library in the settings; the user that runs orgstore must be able to read it")
}

// store checks that stores can be looked into, and written to where they are
// folders; nil where one cannot be looked into.
func (c *checkup) store(ctx context.Context) []plan.Present {
	const name, what, fix = "store", "the store that reports load visuals from", "see to it that the store can be reached, and that the user that runs orgstore may write there"
	for _, t := range c.settings.Stores {
		what := what
		if len(c.settings.Stores) > 1 {
			what = fmt.Sprintf("the store %s", t.Name)
		}
		c.result(name, what, t.Path, c.looks(ctx, t), fix)
	}
	if c.session == nil {
		return nil
	}
	in, err := c.session.Observer().Input(ctx, c.session.Journal.Book(), nil, c.session.Moment())
	if err != nil {
		return nil // said already
	}
	return in.Present
}

// looks looks into one store, and tries to write where it is a folder.
func (c *checkup) looks(ctx context.Context, t config.Store) error {
	var target store.Store
	var err error
	if c.session != nil {
		target = c.session.Stores[t.Name]
	} else if target, err = c.Drivers.Open(engine.StoreRequest{Settings: t, Disk: c.Disk, Tenant: func() (engine.Tenant, error) { return c.Connect(c.settings, nil) }}); err != nil {
		return err
	}
	if _, err = target.Installed(ctx); err != nil {
		return fmt.Errorf("cannot look into the store %s: %w", t.Name, err)
	}
	if t.Path == "" {
		return nil
	}
	return c.keeps(t.Path)
}

// waysBack checks for each installed visual that a rollback could be made now:
// a package to go back to, whose license is good.
func (c *checkup) waysBack(ctx context.Context, listed []plan.Present) {
	s := c.session
	book, at := s.Journal.Book(), s.Moment()
	candidates := s.Observer().Candidates(book, true, at)
	for _, p := range listed {
		now := p.Belief
		if now.Presence != store.Present || now.Release == nil || ctx.Err() != nil {
			continue
		}
		name, what := "rollback", "a way back for "+engine.Title(nameOf(candidates, p.Key), p.Key)+" "+now.Release.Version.String()
		before, err := s.PreviousRelease(p.Key, *now.Release)
		switch {
		case err != nil: // nothing older was installed, and nobody can mend that
			c.add(name, what, tenant.Limited, err.Error(), fault.Of(err).Hint)
			continue
		case before == nil:
			c.add(name, what, tenant.Limited, "no other version was installed before: a rollback turns its access off", "keep the previous version's package in the library")
			continue
		}
		ask := plan.Ask{Key: p.Key, Not: now.Release.Digest, Version: before.Version, Content: engine.ContentOf(book, before.Digest), Reason: "doctor"}
		in := plan.Input{
			Asks: []plan.Ask{ask}, Present: []plan.Present{p}, Blocks: book.Blocks(),
			Candidates: slices.DeleteFunc(slices.Clone(candidates), func(x plan.Candidate) bool { return x.GUID != p.Key.GUID }),
			Traits:     map[string]store.Traits{p.Key.Store: s.Stores[p.Key.Store].Traits()},
		}
		l, _ := ofVisual(plan.Compute(in), p.Key)
		if l.Step == nil {
			c.add(name, what, tenant.Missing, l.Reason.Message, cmp.Or(l.Reason.Hint, "ask the vendor to license the previous version anew, and put that package into the library"))
			continue
		}
		c.add(name, what, tenant.Ready, fmt.Sprintf("to %s, licensed until %s", engine.VersionText(l.Step.To), engine.FormatDay(l.Step.To.License.Ends)), "")
	}
}

func nameOf(candidates []plan.Candidate, k store.Key) string {
	for _, x := range candidates {
		if x.GUID == k.GUID {
			return x.Name
		}
	}
	return ""
}

// tenant checks what the settings need of it.
func (c *checkup) tenant(ctx context.Context) error {
	if !c.settings.Tenanted() {
		c.add("tenant", "the tenant's own services", tenant.Off, "the settings name neither a library there nor a way to sign in", "")
		return nil
	}
	remote, err := c.Connect(c.settings, nil)
	if err != nil {
		c.result("tenant", "the way to the tenant", "", err, "")
		return nil
	}
	defer remote.Close()
	found, err := remote.Doctor(ctx)
	c.found = append(c.found, found...)
	return err
}

// missing is the command's error: what is missing, and how to mend the first.
func (c *checkup) missing() error {
	var lacks []tenant.Requirement
	for _, r := range c.found {
		if r.State == tenant.Missing {
			lacks = append(lacks, r)
		}
	}
	if len(lacks) == 0 {
		return nil
	}
	code := "doctor.missing"
	i := slices.IndexFunc(lacks, func(r tenant.Requirement) bool { return r.Name == "sign_in" })
	if i >= 0 {
		code = "signin.failed"
	}
	first := lacks[max(i, 0)]
	text := fmt.Sprintf("%s: %s", first.What, first.Detail)
	if n := len(lacks); n > 1 {
		text += fmt.Sprintf(" (and %d more)", n-1)
	}
	return fault.New(code, first.Fix, "something is missing: %s", text)
}
