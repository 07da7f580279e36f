package cli

import (
	"context"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/orgstore/orgstore/agent/config"
)

// A lookout wakes the loop up when something happens that it should look at. It is
// its rounds' own: what the watchers use that it starts is theirs alone, or waits
// for each other.
type lookout struct {
	*globals
	seen    *watermark
	ctx     context.Context // of all watchers
	running *sync.WaitGroup
	wake    chan<- string

	at   sights
	stop context.CancelFunc // of the watchers of at; nil before the first
	lost chan struct{}      // closed where files are not watched any more
}

// sights is what is watched.
type sights struct {
	settings string // the file
	journal  string
	folders  []string
	every    time.Duration // how often is looked in any case
}

func sightsOf(s config.Settings) sights {
	all := sights{settings: s.File, journal: filepath.Join(s.Data, "journal.db"), folders: []string{filepath.Dir(s.File)}, every: s.Agent.Every}
	if s.Library.Folder != "" {
		all.folders = append(all.folders, s.Library.Folder)
	}
	return all
}

func (s sights) same(t sights) bool {
	return s.settings == t.settings && s.journal == t.journal && slices.Equal(s.folders, t.folders)
}

// follow watches what settings name, from now on alone. A round calls it before it
// looks: what arrives in between is seen by the one or the other. Where files could
// not be watched, as on a share that was away, it tries again.
func (l *lookout) follow(s config.Settings) {
	next, known := sightsOf(s), false
	if l.stop != nil {
		if known = l.at.same(next); known && !l.blind() {
			return
		}
		l.stop()
	}
	var ctx context.Context
	ctx, l.stop = context.WithCancel(l.ctx)
	l.at, l.lost = next, make(chan struct{})
	say := func(why string) {
		select {
		case l.wake <- why:
		case <-ctx.Done():
		}
	}
	l.running.Go(func() { l.watchJournal(ctx, next.journal, say) })
	if l.Watch != nil {
		lost := l.lost
		l.running.Go(func() {
			defer close(lost)
			l.watchFiles(ctx, next, say, known)
		})
	}
}

// blind says whether the watcher of files has ended.
func (l *lookout) blind() bool {
	select {
	case <-l.lost:
		return true
	default:
		return false
	}
}

// watchFiles says when files change. That it cannot is told unless it was before.
func (l *lookout) watchFiles(ctx context.Context, at sights, say func(string), told bool) {
	err := l.Watch(ctx, at.folders, func(name string) {
		switch {
		case name == at.settings:
			say("settings")
		case filepath.Dir(name) != filepath.Dir(at.settings):
			say("library")
		}
	})
	if err != nil && ctx.Err() == nil && !told {
		l.note("files are not watched, and what arrives is seen every %s: %v", at.every, err)
	}
}

// decideEvery is how often the agent looks whether somebody decided something.
const decideEvery = 5 * time.Second

// watchJournal says when others added to the journal: a hold, an approval.
func (l *lookout) watchJournal(ctx context.Context, file string, say func(string)) {
	tick := time.NewTicker(decideEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if l.grown(ctx, file) {
			say("journal")
		}
	}
}

// grown says whether the journal has entries that no round has seen. What keeps
// it from being read is the next round's to tell.
func (l *lookout) grown(ctx context.Context, file string) bool {
	seen, looked := l.seen.get()
	return looked && l.HasJournalGrown(ctx, file, seen)
}

// watermark is the newest entry of the journal that the agent has seen.
type watermark struct {
	mu     sync.Mutex
	seq    uint64
	looked bool // a round was made: an empty journal is seen as well
}

func (w *watermark) rise(seq uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seq, w.looked = max(w.seq, seq), true
}

func (w *watermark) get() (uint64, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seq, w.looked
}
