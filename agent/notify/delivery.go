package notify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/lock"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/disk"
)

const (
	// deliveryTime bounds how long a command sends what there is to send.
	deliveryTime = 2 * time.Minute
	// firstRetry is how long a channel that failed is left alone; twice as long
	// after each further failure, up to lastRetry.
	firstRetry = 2 * time.Minute
	lastRetry  = 2 * time.Hour
)

// A Target is a channel and the way to whoever it tells.
type Target struct {
	Channel
	// Open opens the way. It is called only if there is something to send.
	Open func() (Sender, error)
}

// A Delivery is one message that went to a channel.
type Delivery struct {
	Channel string
	Message Message
}

// A Deliverer sends notices to channels and records what it sent.
type Deliverer struct {
	Disk    disk.Disk
	Folder  string // the data folder
	Journal *journal.Journal
	Tx      journal.TxID
	Now     func() time.Time
	// HasChannel reports whether the settings have a channel: of others nothing is
	// kept.
	HasChannel func(name string) bool
	// Note is told what people should know.
	Note func(format string, args ...any)
}

func (d Deliverer) folder() string { return filepath.Join(d.Folder, "notices") }

// Deliver sends what is due to channels, and records it. One process at a time
// sends: another one that does so leaves nothing to do. In a hurry, a person
// asked for it: no digest is waited for, and no channel is left alone.
func (d Deliverer) Deliver(ctx context.Context, all []Notice, targets []Target, hurry bool) ([]Delivery, error) {
	held, err := lock.Acquire(ctx, d.Disk, d.folder(), lock.Holder{Command: "orgstore notice", Since: d.Now()}, 0)
	if busy := (*lock.Held)(nil); errors.As(err, &busy) && !hurry {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	defer held.Release() //nolint:errcheck // it ends with the process
	if err := d.Journal.Refresh(ctx); err != nil {
		return nil, err
	}
	states, err := d.ChannelStates()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, deliveryTime)
	defer cancel()
	var sent []Delivery
	var failures []error
	for _, t := range targets {
		state := states[t.Name]
		messages, err := d.deliverTo(ctx, t, &state, all, hurry)
		for _, m := range messages {
			sent = append(sent, Delivery{t.Name, m})
		}
		states[t.Name] = state
		if err != nil {
			failures = append(failures, err)
		}
	}
	return sent, errors.Join(append(failures, d.saveChannels(states))...)
}

// deliverTo sends what is due to one channel. What was sent is recorded at once:
// a program that dies in between sends that message once more, under its ID.
func (d Deliverer) deliverTo(ctx context.Context, t Target, state *ChannelState, all []Notice, hurry bool) ([]Message, error) {
	now, digest := d.Now().UTC(), time.Time{}
	if t.Digest != nil {
		digest = t.Digest.Before(now)
	}
	if _, begun := d.Journal.Book().Channel(t.Name); !begun {
		if err := d.Journal.Append(ctx, d.Tx, journal.Notified{Channel: t.Name}); err != nil {
			return nil, err
		}
		state.Digest = digest // its first one is the next
	}
	if !hurry && now.Before(state.Again) {
		return nil, nil
	}
	if t.Digest != nil && !hurry && !digest.After(state.Digest) {
		return nil, nil
	}
	sent, err := d.sendAll(ctx, t, state, Messages(t.Name, t.Due(d.Journal.Book(), all), t.Digest != nil, now))
	if err != nil {
		return sent, err
	}
	if state.Tries > 0 && len(sent) > 0 {
		d.Note("the channel %s works again", safetext.Line(t.Name))
	}
	*state = ChannelState{Digest: digest}
	return sent, nil
}

// sendAll sends messages and records each one, up to the first that fails.
func (d Deliverer) sendAll(ctx context.Context, t Target, state *ChannelState, all []Message) (sent []Message, err error) {
	if len(all) == 0 {
		return nil, nil
	}
	sender, err := t.Open()
	if err != nil {
		return nil, d.noteFailedChannel(t, state, err)
	}
	for _, m := range all {
		if err := sender.Send(ctx, m); err != nil {
			return sent, d.noteFailedChannel(t, state, err)
		}
		if err := d.Journal.Append(context.WithoutCancel(ctx), d.Tx, deliveryFact(t.Name, m)); err != nil {
			return sent, err
		}
		sent = append(sent, m)
	}
	return sent, nil
}

func deliveryFact(channel string, m Message) journal.Notified {
	n := journal.Notified{Channel: channel, Message: m.ID}
	for _, one := range m.Notices {
		n.Notices = append(n.Notices, journal.ToldNotice{Key: one.Key, Event: string(one.Event), Title: one.Title})
	}
	return n
}

// noteFailedChannel keeps that a channel could not be told, and when it is tried again.
func (d Deliverer) noteFailedChannel(t Target, state *ChannelState, err error) error {
	f := fault.Of(err)
	if f.Code == fault.CodeUnknown { // whoever answers there says no more
		f = &fault.Fault{Code: "notice.failed", Hint: "look after whoever answers there: the agent tries again by itself, and orgstore notice send at once", Err: err}
	}
	if state.Tries == 0 {
		state.Since = d.Now().UTC()
	}
	state.Problem = safetext.Line(f.Error())
	if f.Hint != "" {
		state.Problem += " (" + safetext.Line(f.Hint) + ")"
	}
	state.Again = d.Now().UTC().Add(min(firstRetry<<min(state.Tries, 10), lastRetry))
	state.Tries++
	failed := fault.New(f.Code, f.Hint, "the channel %s could not be told: %w", t.Name, f.Err)
	failed.Because = f.Because
	return failed
}

// FailingChannels says which channels cannot be told; empty where all can.
func (d Deliverer) FailingChannels() string {
	states, err := d.ChannelStates()
	if err != nil {
		return "how the channels of notices are is not known: " + err.Error()
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(states)) {
		if c := states[name]; c.Tries > 0 {
			all = append(all, fmt.Sprintf("notices do not reach %s since %s: %s", name, timeText(c.Since), c.Problem))
		}
	}
	return safetext.Lines(strings.Join(all, "; "))
}

func timeText(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }
