package journal

import (
	"errors"
	"time"
)

// Notified: a channel was told of something. It is recorded after it was sent:
// a program that dies in between tells the same once more, under the same
// message. Without notices, it is when a channel of that name began.
type Notified struct {
	Channel string `json:"channel"`
	// Message is the id under which it was sent.
	Message string       `json:"message,omitempty"`
	Notices []ToldNotice `json:"notices,omitempty"`
}

// A ToldNotice is one notice that a channel was told.
type ToldNotice struct {
	Key   string `json:"key"`
	Event string `json:"event"`
	Title string `json:"title"`
}

// A Told is what is known of one channel of notices.
type Told struct {
	Since    time.Time // when it was first there
	Last     time.Time // when it was last told something; zero if it never was
	Messages int
}

// telling names a notice and a channel that was told it.
type telling struct{ channel, key string }

func (f Notified) applyTo(w *writer, e Entry) error {
	if f.Channel == "" || len(f.Notices) > 0 && f.Message == "" {
		return errors.New("it names no channel, or no message")
	}
	c, known := w.channels.get(f.Channel)
	if !known {
		c.Since = e.At
	}
	if len(f.Notices) > 0 {
		c.Last = e.At
		c.Messages++
	}
	w.channels.set(f.Channel, c)
	for _, n := range f.Notices {
		if n.Key == "" {
			return errors.New("a notice has no key")
		}
		w.notices.set(telling{f.Channel, n.Key}, e.At)
	}
	return nil
}

// Told says whether a channel was told a notice, by its key.
func (b Book) Told(channel, key string) bool {
	_, ok := b.currentTotals().notices.get(telling{channel, key})
	return ok
}

// Channel returns what is known of a channel of notices; false where it never
// began.
func (b Book) Channel(name string) (Told, bool) { return b.currentTotals().channels.get(name) }
