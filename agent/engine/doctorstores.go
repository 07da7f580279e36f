package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/policies/plan"
)

// library checks a folder; a library in SharePoint is the tenant's to check.
func (c *checkup) library(ctx context.Context) {
	if c.settings.Library.SharePoint.Named() {
		return
	}
	lib, err := c.Libraries.Open(ctx, LibraryRequest{Settings: c.settings.Library})
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
	if c.engine == nil {
		return nil
	}
	in, err := c.engine.Observer().Input(ctx, c.engine.Journal.Book(), nil, c.engine.Moment())
	if err != nil {
		return nil // said already
	}
	return slices.DeleteFunc(in.Present, func(p plan.Present) bool {
		_, isUnread := in.Unread[p.Key.Store]
		return isUnread
	})
}

// looks looks into one store, and tries to write where it is a folder.
func (c *checkup) looks(ctx context.Context, t config.Store) error {
	var target store.Store
	var err error
	if c.engine != nil {
		target = c.engine.Stores[t.Name]
	} else if target, err = c.Drivers.Open(StoreRequest{Settings: t, Disk: c.Disk, Tenant: func() (Tenant, error) { return c.Connect(c.settings, nil) }}); err != nil {
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
	e := c.engine
	book, at := e.Journal.Book(), e.Moment()
	candidates := e.Observer().Candidates(book, true, at)
	for _, p := range listed {
		now := p.Belief
		if now.Presence != store.Present || now.Release == nil || ctx.Err() != nil {
			continue
		}
		name, what := "rollback", "a way back for "+Title(nameOf(candidates, p.Key), p.Key)+" "+now.Release.Version.String()
		before, err := e.previousRelease(p.Key, *now.Release)
		switch {
		case err != nil: // nothing older was installed, and nobody can mend that
			c.add(name, what, tenant.Limited, err.Error(), fault.Of(err).Hint)
			continue
		case before == nil:
			c.add(name, what, tenant.Limited, "no other version was installed before: a rollback turns its access off", "keep the previous version's package in the library")
			continue
		}
		ask := plan.Ask{Key: p.Key, Not: now.Release.Digest, Version: before.Version, Content: contentOf(book, before.Digest), Reason: "doctor"}
		in := plan.Input{
			Asks: []plan.Ask{ask}, Present: []plan.Present{p}, Blocks: book.Blocks(),
			Candidates: slices.DeleteFunc(slices.Clone(candidates), func(x plan.Candidate) bool { return x.GUID != p.Key.GUID }),
			Traits:     map[string]store.Traits{p.Key.Store: e.Stores[p.Key.Store].Traits()},
		}
		l, _ := lineOf(plan.Compute(in), p.Key)
		if l.Step == nil {
			c.add(name, what, tenant.Missing, l.Reason.Message, cmp.Or(l.Reason.Hint, "ask the vendor to license the previous version anew, and put that package into the library"))
			continue
		}
		c.add(name, what, tenant.Ready, fmt.Sprintf("to %s, licensed until %s", VersionText(l.Step.To), FormatDay(l.Step.To.License.Ends)), "")
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
