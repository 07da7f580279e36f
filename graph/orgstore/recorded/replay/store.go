// Package replay is a store driver that sends the requests of a recipe again for
// other packages. It holds each answer against what was recorded, stops where
// one looks otherwise, and repeats nothing that changes. It must not know why a
// package is put.
package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// An Authorizer adds a token for the recipe's audience to a request. It is asked
// only for requests to hosts that may have one.
type Authorizer interface {
	Authorize(ctx context.Context, req *http.Request) error
}

// Options is what a Store works with.
type Options struct {
	Recipe recipe.Recipe
	Hosts  recipe.Hosts
	// Transport carries requests. It must repeat none of them and follow no
	// redirect.
	Transport http.RoundTripper
	Authorize Authorizer
	// Approved is the digest of the recipe that the settings name, with the word
	// that its unofficial means were accepted; empty where they were not. Without
	// it nothing is changed, and nothing but requests that read is sent.
	Approved string
	// Program is the User-Agent.
	Program string
	// Timeout bounds one request; 2 minutes where it is zero.
	Timeout time.Duration
	// Now is the clock of values that are times; nil means time.Now.
	Now func() time.Time
}

// A Store replays a recipe.
type Store struct {
	recipe    recipe.Recipe
	hosts     recipe.Hosts
	client    *http.Client
	reader    *http.Client // can send nothing but requests that read
	authorize Authorizer
	approved  string
	agent     string
	now       func() time.Time
	mu        sync.Mutex // held while something changes
}

var _ store.Store = (*Store)(nil)

// Open returns the store of a recipe, which it holds against the hosts. Nothing
// is sent yet.
func Open(o Options) (*Store, error) {
	if err := o.Recipe.Validate(o.Hosts); err != nil {
		return nil, err
	}
	if o.Authorize == nil || o.Transport == nil {
		return nil, errors.New("a recorded store needs a way to send and to sign in")
	}
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	newClient := func(t http.RoundTripper) *http.Client {
		return &http.Client{
			Transport: t, Timeout: o.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return &Store{recipe: o.Recipe, hosts: o.Hosts, client: newClient(o.Transport), reader: newClient(readOnly{o.Transport}), authorize: o.Authorize, approved: o.Approved, agent: o.Program, now: o.Now}, nil
}

// Traits says that no person is needed, and what the recorded list shows beside
// the visuals that are there.
func (s *Store) Traits() store.Traits {
	l := s.recipe.List
	return store.Traits{TellsPresence: true, TellsAccess: l.Access != nil, TellsVersion: l.Version != "", TellsChanged: l.Changed != "", TellsAuthor: l.Author != "", Unattended: true}
}

// Installed reads the list. Where a visual is there from a file and from
// AppSource, the one from a file is told.
func (s *Store) Installed(ctx context.Context) (map[visual.GUID]store.Listing, error) {
	run := s.begin(nil)
	entries, err := run.list(ctx)
	if err != nil {
		return nil, err
	}
	all := map[visual.GUID]store.Listing{}
	files := map[visual.GUID]bool{}
	for _, e := range entries {
		l := e.listing(s.recipe.List)
		_, twice := all[e.guid]
		switch {
		case twice && files[e.guid] && !e.file:
			continue // the same visual from AppSource is beside it
		case twice && files[e.guid] == e.file:
			l.Problem = "the list has more than one entry of this visual"
		}
		all[e.guid], files[e.guid] = l, e.file
	}
	return all, nil
}

// Look reads the list and tells of one visual.
func (s *Store) Look(ctx context.Context, g visual.GUID) (store.Listing, bool, error) {
	all, err := s.Installed(ctx)
	l, held := all[g]
	return l, held, err
}

// Withdraw has nothing to take back: no change ever waits.
func (s *Store) Withdraw(ctx context.Context, _ store.StepID) error { return ctx.Err() }

// Put lists, checks that the visual's entry is one from a file, replaces its
// package or adds the visual, and lists again. An *Error means that a request
// that changes was sent and that nobody can tell what came of it; so does a
// *store.StrangeError that says so.
func (s *Store) Put(ctx context.Context, id store.StepID, l license.Licensed, at moment.Moment) (store.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return store.Receipt{}, err
	}
	r, err := l.Open(at)
	if err != nil {
		return store.Receipt{}, err
	}
	file, err := io.ReadAll(r)
	if err != nil {
		return store.Receipt{}, err
	}
	p, err := pbiviz.Read(file, pbiviz.DefaultLimits())
	if err != nil {
		return store.Receipt{}, err
	}
	if err := s.mayChange(); err != nil {
		return store.Receipt{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := p.Manifest()
	run := s.begin(recipe.NewUpload(p, fmt.Sprintf("%s.%s.pbiviz", m.GUID, m.Version)))
	before, err := run.find(ctx, m.GUID)
	if err != nil {
		return store.Receipt{}, err
	}
	steps := s.recipe.Update
	if before == nil {
		if steps = s.recipe.Add; len(steps) == 0 {
			return store.Receipt{}, refuse(codeMissing, "add the visual in the portal, or record how one is added: `orgstore store learn --added`",
				"cannot add %s: the recipe only says how a visual is updated", m.GUID)
		}
	}
	if err := run.change(ctx, steps, before); err != nil {
		return store.Receipt{}, err
	}
	return run.verify(ctx, id, m.GUID, before, func(e *entry) string {
		l := e.listing(s.recipe.List)
		switch {
		case l.Release != nil && !l.Release.Version.Equal(m.Version):
			return fmt.Sprintf("the list shows the version %s, not %s", l.Release.Version, m.Version)
		case before != nil && s.recipe.List.Access != nil && !sameFlag(l.Enabled, before.listing(s.recipe.List).Enabled):
			return "its access changed with it"
		}
		return ""
	})
}

// SetAccess does what was recorded when access was switched.
func (s *Store) SetAccess(ctx context.Context, id store.StepID, g visual.GUID, enabled bool) (store.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return store.Receipt{}, err
	}
	if err := s.mayChange(); err != nil {
		return store.Receipt{}, err
	}
	steps, word := s.recipe.Disable, "disabled"
	if enabled {
		steps, word = s.recipe.Enable, "enabled"
	}
	if len(steps) == 0 || s.recipe.List.Access == nil {
		return store.Receipt{}, refuse(codeMissing, "switch it in the portal, or record that too: Access off, then on, and `orgstore store learn --access`",
			"cannot change the access of %s: the recipe does not say how a visual is %s", g, word)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	run := s.begin(nil)
	before, err := run.find(ctx, g)
	switch {
	case err != nil:
		return store.Receipt{}, err
	case before == nil:
		return store.Receipt{}, refuse(codeEntry, "add it first", "cannot change the access of %s: the list does not have it", g)
	case sameFlag(before.listing(s.recipe.List).Enabled, &enabled):
		return store.Receipt{Reference: string(id)}, nil
	}
	if err := run.change(ctx, steps, before); err != nil {
		return store.Receipt{}, err
	}
	return run.verify(ctx, id, g, before, func(e *entry) string {
		if !sameFlag(e.listing(s.recipe.List).Enabled, &enabled) {
			return "the list does not show it " + word
		}
		return ""
	})
}

func sameFlag(a, b *bool) bool { return a != nil && b != nil && *a == *b || a == nil && b == nil }

// mayChange refuses unless the settings accepted this very recipe.
func (s *Store) mayChange() error {
	digest := s.recipe.Digest()
	switch s.approved {
	case digest:
		return nil
	case "":
		return refuse(codeOff, "read the recipe, then write under store: `digest: \""+digest+"\"` and `unofficial: accepted`",
			"nothing is changed by recorded requests, which Microsoft does not document, until the settings accept that")
	}
	return refuse(codeOff, "read what changed in the recipe; if it is as it should be, write `digest: \""+digest+"\"`",
		"the recipe is not the one that the settings accepted")
}
