package engine

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/statefile"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

// A store that cannot be looked into concerns itself alone, and what must run there
// first. Every look tries it again; nothing that is tried there counts as a try of a
// change. Since when that goes on is kept in a file of the data folder.

// unreadStoresFile says since when stores cannot be looked into.
const unreadStoresFile = "unread-stores.json"

// maxUnreadStores bounds that file, in bytes.
const maxUnreadStores = 64 << 10

type unreadStores struct {
	Format int                  `json:"orgstore_unread_stores"`
	Since  map[string]time.Time `json:"since"` // by the store's name in the settings
}

func (e *Engine) unreadStoresFile() statefile.File {
	return statefile.File{Disk: e.Disk, Name: filepath.Join(e.Settings.Data, unreadStoresFile), Member: "orgstore_unread_stores", Format: 1, MaxSize: maxUnreadStores}
}

// unreadSince reads since when stores cannot be looked into. What cannot be read is
// found out anew.
func (e *Engine) unreadSince() map[string]time.Time {
	kept, err := statefile.ReadJSON[unreadStores](e.unreadStoresFile())
	if err != nil {
		return nil
	}
	return kept.Since
}

// keepUnreadStores keeps which stores could not be looked into, where that is not what
// was kept before, and says once of each why.
func (e *Engine) keepUnreadStores(unread map[string]plan.Unread, before map[string]time.Time) {
	since := map[string]time.Time{}
	for _, name := range slices.Sorted(maps.Keys(unread)) {
		u := unread[name]
		since[name] = u.Since.UTC()
		if e.unread[name].Message != u.Message {
			e.note("%s cannot be read: what needs it waits, and the rest goes on", plan.StoreText(name))
		}
	}
	e.unread = unread
	if maps.EqualFunc(before, since, time.Time.Equal) {
		return
	}
	// Without the file the time counts from the next look that can write: a command that
	// only reads must not fail for it.
	err := statefile.WriteJSON(e.unreadStoresFile(), unreadStores{Format: 1, Since: since})
	if err != nil && !disk.IsReadOnly(err) {
		e.note("since when a store cannot be read is not kept: %v", err)
	}
}

// unreadStoreError is the error of a command that did what it could without looking
// into a store; an empty name means any store.
func (e *Engine) unreadStoreError(name string) error {
	for _, t := range e.Settings.Stores {
		u, isUnread := e.unread[t.Name]
		if !isUnread || name != "" && name != t.Name {
			continue
		}
		r := u.Reason(t.Name)
		f := fault.New(string(r.Code), r.Hint, "%s", r.Message)
		if u.Cause != "" {
			f = f.DueTo(u.Cause)
		}
		return f
	}
	return nil
}

// unreadStoreTexts say of each store that cannot be looked into that it cannot.
func (e *Engine) unreadStoreTexts() string {
	var texts []string
	for _, t := range e.Settings.Stores {
		if u, isUnread := e.unread[t.Name]; isUnread {
			texts = append(texts, u.Reason(t.Name).Message)
		}
	}
	return strings.Join(texts, "; ")
}

// An unopenedStore takes the place of a store that could not be opened: each call has
// the error.
type unopenedStore struct {
	err          error
	isUnattended bool
}

var _ store.Store = unopenedStore{}

func newUnopenedStore(c config.Store, err error) store.Store {
	return unopenedStore{err: err, isUnattended: c.Driver != config.HandoffDriver}
}

func (s unopenedStore) Traits() store.Traits { return store.Traits{Unattended: s.isUnattended} }

func (s unopenedStore) Installed(context.Context) (map[visual.GUID]store.Listing, error) {
	return nil, s.err
}

func (s unopenedStore) Look(context.Context, visual.GUID) (store.Listing, bool, error) {
	return store.Listing{}, false, s.err
}

func (s unopenedStore) Put(context.Context, store.StepID, license.Licensed, moment.Moment) (store.Receipt, error) {
	return store.Receipt{}, s.err
}

func (s unopenedStore) SetAccess(context.Context, store.StepID, visual.GUID, bool) (store.Receipt, error) {
	return store.Receipt{}, s.err
}

func (s unopenedStore) Withdraw(context.Context, store.StepID) error { return s.err }
