// Package board remembers what became of each item of a library, and tells the
// library, so that administrators see it where they work. It knows items,
// the journal and what candidates are thought of; it does not know where items
// lie, nor how a note reaches them.
//
// A board is saved before the cursor: an item that is on the board and comes
// again is harmless, one that is nowhere would never be told anything.
package board

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/packages/library"
	"github.com/orgstore/orgstore/packages/visual"
)

// maxSize bounds a saved board, in bytes: some hundred for each item of a
// library of a hundred thousand.
const maxSize = 64 << 20

// format numbers the layout of a saved board.
const format = 1

// A Board says of one library what became of its items. The zero Board is that
// of no library.
type Board struct {
	library string
	items   map[string]item
	changed bool
}

// An item is what arrived under one ID, and what was said of it last.
type item struct {
	Name    string        `json:"name"`
	Digest  visual.Digest `json:"digest,omitzero"`  // of a package, a statement or a status list
	Refused string        `json:"refused,omitzero"` // why it was not kept
	Told    *note         `json:"told,omitzero"`    // nil: nothing yet
}

// A note is a library.Note as it is saved.
type note struct {
	GUID      string    `json:"guid,omitzero"`
	Version   string    `json:"version,omitzero"`
	Until     time.Time `json:"license_until,omitzero"`
	Verdict   string    `json:"verdict"`
	Reason    string    `json:"reason,omitzero"`
	Installed string    `json:"installed,omitzero"`
}

func noteOf(n library.Note) note {
	return note{n.GUID, n.Version, n.LicenseUntil.UTC(), n.Verdict, n.Reason, n.Installed}
}

func (n note) equals(other note) bool {
	same := n.Until.Equal(other.Until)
	n.Until, other.Until = time.Time{}, time.Time{}
	return same && n == other
}

type saved struct {
	Format  int             `json:"orgstore_board"`
	Library string          `json:"library"`
	Items   map[string]item `json:"items"`
}

// New makes the board of a library that nothing is known of. The library is
// named as people know it; another name is another library.
func New(library string) *Board {
	return &Board{library: library, items: map[string]item{}}
}

// Parse reads a saved board.
func Parse(b []byte) (*Board, error) {
	var s saved
	if err := json.Unmarshal(b, &s, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("cannot read what items of the library were told: %w", err)
	}
	if s.Format != format {
		return nil, fmt.Errorf("cannot read what items of the library were told: this orgstore does not know its format %d", s.Format)
	}
	out := New(s.Library)
	maps.Copy(out.items, s.Items)
	return out, nil
}

// Text returns the board as Parse reads it.
func (b *Board) Text() ([]byte, error) {
	text, err := json.Marshal(saved{format, b.library, b.items}, jsontext.WithIndent(" "), json.Deterministic(true))
	return append(text, '\n'), err
}

// BelongsTo reports whether the board is that of a library.
func (b *Board) BelongsTo(library string) bool { return b.library == library }

// HasChanges reports whether there is something to save since Parse or New.
func (b *Board) HasChanges() bool { return b.changed }

// MarkSaved notes that the board was saved.
func (b *Board) MarkSaved() { b.changed = false }

// Take notes what became of items. Other bytes under an ID that is known take
// the place of the old ones.
func (b *Board) Take(taken []intake.Result) {
	for _, t := range taken {
		if t.Item == "" || t.Gone {
			continue
		}
		next := item{Name: t.Source, Digest: firstOf(t.Package, t.Statement, t.Status)}
		if t.Refused != nil && next.Digest.IsZero() {
			next.Refused = t.Refused.Findings[0].Message
		}
		before := b.items[t.Item]
		next.Told = before.Told // what stands beside it until it is written anew
		if before != next {
			b.items[t.Item], b.changed = next, true
		}
	}
}

func firstOf(digests ...visual.Digest) visual.Digest {
	for _, d := range digests {
		if !d.IsZero() {
			return d
		}
	}
	return visual.Digest{}
}

// Join adds the items that another process put on the same board meanwhile.
func (b *Board) Join(other *Board) {
	if other == nil || other.library != b.library {
		return
	}
	for id, i := range other.items {
		if _, known := b.items[id]; !known {
			b.items[id] = i
		}
	}
}

// mostMisses bounds how many items in a row cannot be told something before the
// rest waits for the next run: the library is then what is wrong.
const mostMisses = 3

// Post tells the library what is to be said of its items and was not said
// before, and returns of how many. What could not be told is told by a later
// run; the error says why.
func (b *Board) Post(ctx context.Context, to library.Poster, s Sight) (int, error) {
	posted, misses := 0, 0
	var missed []error
	for _, id := range slices.Sorted(maps.Keys(b.items)) {
		if err := ctx.Err(); err != nil {
			return posted, err
		}
		i := b.items[id]
		say := s.note(i)
		if next := noteOf(say); i.Told != nil && i.Told.equals(next) {
			continue
		}
		if err := to.Post(ctx, id, say); err != nil {
			missed = append(missed, fmt.Errorf("cannot write beside %s: %w", i.Name, err))
			if misses++; misses == mostMisses {
				break
			}
			continue
		}
		misses = 0
		next := noteOf(say)
		i.Told, b.changed = &next, true
		b.items[id] = i
		posted++
	}
	return posted, errors.Join(missed...)
}
