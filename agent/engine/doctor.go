package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/lock"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/tenant"
)

// Doctor checks everything that orgstore needs, here and in the tenant, and returns
// what it found also beside an error. Read reads the settings; access says why this
// account may not open what they name, nil where it may.
//
// It opens the installation itself, since what keeps one from being opened is among
// what it finds.
func Doctor(ctx context.Context, ports Ports, read func() (config.Settings, error), access func(config.Settings) error) ([]tenant.Requirement, error) {
	c := &checkup{Ports: ports, read: read, access: access}
	err := c.checkAll(ctx)
	if err == nil {
		err = c.missing()
	}
	return c.found, err
}

// A checkup collects what doctor finds.
type checkup struct {
	Ports
	read     func() (config.Settings, error)
	access   func(config.Settings) error
	settings config.Settings
	engine   *Engine // nil where there is no journal yet, or it cannot be opened
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

// checkAll makes every check; an error stops it.
func (c *checkup) checkAll(ctx context.Context) error {
	var err error
	c.settings, err = c.read()
	c.result("settings", "the settings file", c.settings.File, err, "mend the settings file")
	if err != nil {
		return nil
	}
	c.folder()
	c.checkTrust(ctx)
	c.facts()
	c.channels()
	c.checkApprovals()
	c.checkCheckpointElsewhere()
	c.open(ctx)
	if c.engine != nil {
		defer c.engine.Close()
		c.deliveries()
		c.lock(ctx)
		c.clock()
	}
	c.library(ctx)
	listed := c.store(ctx)
	if c.engine != nil {
		c.installed(ctx, listed)
		c.waysBack(ctx, listed)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.tenant(ctx)
}

// folder checks that something can be kept in the data folder, by keeping it.
func (c *checkup) folder() {
	err := guardData(c.settings)
	if err == nil {
		err = disk.MakeDir(c.Disk, c.settings.Data, 0o700)
	}
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
	return IgnoreError(c.Disk.Remove(name), fs.ErrNotExist)
}

// checkTrust checks each vendor's trust bundle as commands do.
func (c *checkup) checkTrust(ctx context.Context) {
	book, _ := readBook(ctx, c.settings, c.Ports) // that it cannot be read is told where it is opened
	vendors, _ := c.trustParts(c.settings, book)
	for _, v := range vendors {
		what := "the trust bundle of " + v.Name
		switch {
		case v.Unavailable.Message != "":
			c.add("trust", what, tenant.Missing, v.Unavailable.Message, v.Unavailable.Hint)
		case !c.Now().Before(v.Bundle.Expires()):
			c.add("trust", what, tenant.Limited, "it was to be replaced by "+FormatDay(v.Bundle.Expires()), "ask the vendor for its current trust bundle, then `orgstore trust update`")
		default:
			c.add("trust", what, tenant.Ready, fmt.Sprintf("version %d, fingerprint as pinned, good until %s", v.Bundle.Version(), FormatDay(v.Bundle.Expires())), "")
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

// deliveries says which channels could not be told something of late.
func (c *checkup) deliveries() {
	if why := c.engine.FailingChannels(); why != "" {
		c.add("notices", "channels of notices", tenant.Limited, why, "mend what is said, then `orgstore notice send`")
	}
}

// facts says whether licenses are held against anything.
func (c *checkup) facts() {
	const name, what = "facts", "facts that licenses are held against"
	known, _, err := c.mergedFacts(c.settings)
	switch {
	case err != nil:
		c.result(name, what, "", err, "")
	case known.IsZero():
		c.add(name, what, tenant.Limited, "nothing is known, so no license is held against how its visual is used", "write facts.yaml into the data folder; `orgstore facts refresh` asks the tenant")
	default:
		if f, stale := known.Stale(c.Now()); stale {
			c.add(name, what, tenant.Limited, f.Message+": "+f.Hint, f.Hint)
			return
		}
		c.add(name, what, tenant.Ready, fmt.Sprintf("known from %s, as of %s", known.Source, FormatDay(known.AsOf)), "")
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
	if err := c.access(c.settings); err != nil {
		c.result(name, what, "", err, "")
		return
	}
	quiet := c.Ports // what it notes of trust and profiles was found already
	quiet.Notes = nil
	e, err := Open(ctx, c.settings, quiet, c.read)
	if err != nil {
		c.result(name, what, "", err, "")
		return
	}
	c.engine = e
	c.add(name, what, tenant.Ready, fmt.Sprintf("entries: %d, each follows from the one before", e.Journal.Book().Seq()), "")
}

// checkCheckpointElsewhere says whether the audit log is held against anything that does not lie beside
// it. Entries that follow from each other prove nothing against somebody who writes all of
// them anew.
func (c *checkup) checkCheckpointElsewhere() {
	const (
		name, what = "checkpoint", "a checkpoint of the audit log elsewhere"
		fix        = "name a file on another machine, to which whoever may write to the data folder may not write: audit: {checkpoint: //server/share/orgstore.checkpoint} in the settings"
	)
	file := c.settings.Checkpoint
	inside, err := filepath.Rel(c.settings.Data, file)
	switch {
	case file == "":
		c.add(name, what, tenant.Limited, "there is none: whoever may write to the data folder can write the whole audit log anew, and nothing here tells", fix)
	case err == nil && filepath.IsLocal(inside):
		c.add(name, what, tenant.Limited, file+" lies in the data folder: whoever may write there can write both anew, and nothing here tells", fix)
	default:
		c.add(name, what, tenant.Ready, file+"; it tells where the log was changed before it, for as long as others cannot write there", "")
	}
}

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
	mark := c.engine.Journal.Book().TimeMark()
	if c.engine.Moment().State() == moment.Back {
		c.add(name, what, tenant.Missing, fmt.Sprintf("the clock says %s, and it was %s already: every change needs review", FormatTime(c.Now()), FormatTime(mark.Trusted)), "set the clock right")
		return
	}
	detail := "no trusted time was seen yet"
	if !mark.Trusted.IsZero() {
		detail = "not behind " + FormatTime(mark.Trusted)
	}
	c.add(name, what, tenant.Ready, detail, "")
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
