package loop

import (
	"context"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// A Watcher wakes the loop up when something happens that it should look at. What it
// is given is used by several goroutines at once.
type Watcher struct {
	// Files says which files in folders change, until the context ends. Nil where
	// files cannot be watched.
	Files func(ctx context.Context, folders []string, changed func(name string)) error
	// HasGrown says whether a journal has entries after one.
	HasGrown func(ctx context.Context, journal string, after uint64) bool
	// OnBlind is told that files are not watched, and why.
	OnBlind func(every time.Duration, err error)
	Seen    *Watermark
	Context context.Context // of all that it starts
	Running *sync.WaitGroup
	Wake    chan<- string

	at   Watched
	stop context.CancelFunc // of what watches at; nil before the first
	lost chan struct{}      // closed where files are not watched any more
}

// Watched is what is watched.
type Watched struct {
	Settings string // the file
	Journal  string
	Folders  []string
	Every    time.Duration // how often is looked in any case
}

func (w Watched) isSame(v Watched) bool {
	return w.Settings == v.Settings && w.Journal == v.Journal && slices.Equal(w.Folders, v.Folders)
}

// Follow watches what is named, from now on alone. A round calls it before it
// looks: what arrives in between is seen by the one or the other. Where files could
// not be watched, as on a share that was away, it tries again.
func (w *Watcher) Follow(next Watched) {
	known := false
	if w.stop != nil {
		if known = w.at.isSame(next); known && !w.isBlind() {
			return
		}
		w.stop()
	}
	var ctx context.Context
	ctx, w.stop = context.WithCancel(w.Context)
	w.at, w.lost = next, make(chan struct{})
	say := func(why string) {
		select {
		case w.Wake <- why:
		case <-ctx.Done():
		}
	}
	w.Running.Go(func() { w.watchJournal(ctx, next.Journal, say) })
	if w.Files != nil {
		lost := w.lost
		w.Running.Go(func() {
			defer close(lost)
			w.watchFiles(ctx, next, say, known)
		})
	}
}

// isBlind says whether the watcher of files has ended.
func (w *Watcher) isBlind() bool {
	select {
	case <-w.lost:
		return true
	default:
		return false
	}
}

// watchFiles says when files change. That it cannot is told unless it was before.
func (w *Watcher) watchFiles(ctx context.Context, at Watched, say func(string), told bool) {
	err := w.Files(ctx, at.Folders, func(name string) {
		switch {
		case name == at.Settings:
			say("settings")
		case filepath.Dir(name) != filepath.Dir(at.Settings):
			say("library")
		}
	})
	if err != nil && ctx.Err() == nil && !told {
		w.OnBlind(at.Every, err)
	}
}

// decideEvery is how often the agent looks whether somebody decided something.
const decideEvery = 5 * time.Second

// watchJournal says when others added to the journal: a hold, an approval.
func (w *Watcher) watchJournal(ctx context.Context, file string, say func(string)) {
	tick := time.NewTicker(decideEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if w.hasGrown(ctx, file) {
			say("journal")
		}
	}
}

// hasGrown says whether the journal has entries that no round has seen. What keeps
// it from being read is the next round's to tell.
func (w *Watcher) hasGrown(ctx context.Context, file string) bool {
	seen, looked := w.Seen.newest()
	return looked && w.HasGrown(ctx, file, seen)
}

// A Watermark is the newest entry of the journal that the agent has seen.
type Watermark struct {
	mu     sync.Mutex
	seq    uint64
	looked bool // a round was made: an empty journal is seen as well
}

// Rise says that a round has seen the journal up to an entry.
func (w *Watermark) Rise(seq uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seq, w.looked = max(w.seq, seq), true
}

func (w *Watermark) newest() (uint64, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seq, w.looked
}
