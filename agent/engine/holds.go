package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// A WordRequest is what a person says of a visual: a hold, its lifting, or the
// lifting of a block.
type WordRequest struct {
	Visual visual.GUID `json:"visual"`
	// Store is the one store that the word is about, by its name in the settings;
	// empty means all.
	Store string `json:"store,omitempty"`
	// Until is when a hold ends by itself; zero means when somebody lifts it.
	Until  time.Time `json:"until,omitzero"`
	Reason string    `json:"reason,omitempty"`
	DryRun bool      `json:"dry_run,omitempty"`
}

// A WordResult says what was recorded.
type WordResult struct {
	GUID    string `json:"guid"`
	Done    bool   `json:"done"`
	Tx      string `json:"tx,omitempty"`
	Message string `json:"message"` // one sentence for people
}

// Hold keeps a visual as it is. Nothing changes it then but a rollback.
func (e *Engine) Hold(ctx context.Context, r WordRequest) (WordResult, error) {
	done := "held until somebody lifts it"
	if !r.Until.IsZero() {
		done = "held until " + FormatDay(r.Until)
	}
	switch {
	case isBlank(r.Reason):
		return WordResult{}, fault.Usage("say why with --reason; everyone who meets the hold will read it", "a hold needs a reason")
	case !r.Until.IsZero() && !r.Until.After(e.Now()):
		return WordResult{}, fault.Usage("name a day that lies ahead", "--until: %s has begun already", r.Until.Format(time.DateOnly))
	}
	return e.recordWord(ctx, r, done, nil, func(_ journal.Book, k store.Key) []journal.Fact {
		return []journal.Fact{journal.Held{Key: k, Until: r.Until, Reason: r.Reason}}
	})
}

// Unhold lifts a hold.
func (e *Engine) Unhold(ctx context.Context, r WordRequest) (WordResult, error) {
	if err := e.requireKnownActor("lift a hold"); err != nil {
		return WordResult{}, err
	}
	return e.recordWord(ctx, r, "held no more", mustBeHeld, func(_ journal.Book, k store.Key) []journal.Fact {
		return []journal.Fact{journal.Unheld{Key: k, Reason: r.Reason}}
	})
}

// Unblock allows a version again after a rollback or a failed check.
func (e *Engine) Unblock(ctx context.Context, r WordRequest) (WordResult, error) {
	if err := e.requireKnownActor("lift a block"); err != nil {
		return WordResult{}, err
	}
	if isBlank(r.Reason) {
		return WordResult{}, fault.Usage("say why with --reason; it stays in the history", "lifting a block needs a reason")
	}
	return e.recordWord(ctx, r, "blocked no more", mustBeBlocked, func(b journal.Book, k store.Key) []journal.Fact {
		facts := []journal.Fact{journal.Unblocked{Key: k, Reason: r.Reason}}
		for _, h := range b.Holds() { // what failed may come again: then older code may, too
			if h.Failed != nil && (h.Key == k || k.Store == "" && h.Key.GUID == k.GUID) {
				facts = append(facts, journal.Unheld{Key: h.Key, Reason: r.Reason})
			}
		}
		return facts
	})
}

// recordWord appends what is said of a visual that settings or journal know. It
// needs no lock: no store is changed.
func (e *Engine) recordWord(ctx context.Context, r WordRequest, done string, check func(journal.Book, store.Key) error, facts func(journal.Book, store.Key) []journal.Fact) (WordResult, error) {
	k, err := e.storeKeyOrAll(r.Store, r.Visual)
	if err != nil {
		return WordResult{}, err
	}
	if err := e.mustKnow([]visual.GUID{r.Visual}); err != nil {
		return WordResult{}, err
	}
	if check != nil {
		if err := check(e.Journal.Book(), k); err != nil {
			return WordResult{}, err
		}
	}
	if r.DryRun {
		return WordResult{GUID: r.Visual.String(), Message: fmt.Sprintf("%s would be %s; nothing was done", r.Visual, done)}, nil
	}
	out := WordResult{GUID: r.Visual.String(), Done: true, Tx: string(e.Tx), Message: fmt.Sprintf("%s is %s", r.Visual, done)}
	return out, e.Journal.Append(ctx, e.Tx, facts(e.Journal.Book(), k)...)
}

// mustBeHeld refuses to lift a hold that nobody set.
func mustBeHeld(b journal.Book, k store.Key) error {
	for _, h := range b.Holds() {
		if h.Key == k || k.Store == "" && h.Key.GUID == k.GUID {
			return nil
		}
	}
	return fault.New("hold.none", "look at `orgstore status`", "%s is not held", k.GUID)
}

// mustBeBlocked refuses to lift a block that no rollback left.
func mustBeBlocked(b journal.Book, k store.Key) error {
	for _, block := range b.Blocks() {
		if block.Key == k || k.Store == "" && block.Key.GUID == k.GUID {
			return nil
		}
	}
	return fault.New("block.none", "look at `orgstore plan`: it says why nothing happens", "nothing of %s is blocked", k.GUID)
}
