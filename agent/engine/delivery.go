package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/lock"
	"github.com/orgstore/orgstore/agent/notify"
	"github.com/orgstore/orgstore/agent/notify/channels"
	"github.com/orgstore/orgstore/agent/notify/mail"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/plan"
)

const (
	// tellTime bounds how long a command tells people what it has to tell.
	tellTime = 2 * time.Minute
	// firstAgain is how long a channel that failed is left alone; twice as long
	// after each further failure, up to lastAgain.
	firstAgain = 2 * time.Minute
	lastAgain  = 2 * time.Hour
	// maxChannels bounds the file that says how channels are, in bytes.
	maxChannels    = 1 << 20
	channelsFormat = 1
)

// A Post is one request to a channel: the address is where the settings say.
type Post struct {
	To     config.Secret
	Header map[string]string
	Body   []byte
	// Patience is how long the answer may take; zero is half a minute.
	Patience time.Duration
}

// Mail is one mail.
type Mail = mail.Mail

// deliverNotices sends what people have yet to be told, channel by channel. What keeps it
// from that is said and stops nothing else.
func (e *Engine) deliverNotices(ctx context.Context, p plan.Plan, in plan.Input) {
	if len(e.Settings.Notify) == 0 || ctx.Err() != nil {
		return
	}
	if _, err := e.Deliver(ctx, e.Notices(p, in), e.Settings.Notify, false); err != nil && ctx.Err() == nil {
		e.note("notices could not be sent: %v", err)
	}
}

// deliverNoticesAfterChange does so after something was changed.
func (e *Engine) deliverNoticesAfterChange(ctx context.Context) {
	if len(e.Settings.Notify) == 0 || ctx.Err() != nil {
		return
	}
	if err := e.ReleaseLease(); err != nil { // nobody is kept out while channels are waited for
		e.note("the lock could not be given back: %v", err)
	}
	p, in, err := e.PlanNow(ctx, nil)
	if err != nil {
		e.note("notices could not be sent: %v", err)
		return
	}
	e.deliverNotices(ctx, p, in)
}

// Notices are all that there is to tell now, told before or not.
func (e *Engine) Notices(p plan.Plan, in plan.Input) []notify.Notice {
	now := e.Moment().Time()
	book := e.Journal.Book()
	all := notify.Licenses(e.Runways(p, in), now)
	all = append(all, notify.Tasks(book, e.taskInstructions)...)
	all = append(all, notify.Changes(book)...)
	all = append(all, notify.Drift(e.CompareDrift(p, in))...)
	var held []notify.Held
	for _, step := range p.Steps {
		if g, waits := undecided(e.Gates(step)); waits && g.Kind != plan.GateHold {
			held = append(held, notify.Held{Step: step, Gate: g})
		}
	}
	all = append(all, notify.Gates(held)...)
	all = append(all, notify.Expiries(e.knownExpiries(), now)...)
	if f := e.signInFault; f != nil {
		all = append(all, notify.Unsigned(f.Error(), f.Hint, verdict.Code(f.Code), now))
	}
	return all
}

// taskInstructions are what a task asks a person to do, where the store can tell.
func (e *Engine) taskInstructions(k store.Key, id store.StepID) string {
	t, ok := store.As[store.TaskKeeper](e.Stores[k.Store])
	if !ok {
		return ""
	}
	text, err := t.Instructions(id)
	if err != nil {
		return ""
	}
	return text
}

// knownExpiries are the ends that are known beside those of licenses.
func (e *Engine) knownExpiries() []notify.Expiry {
	var all []notify.Expiry
	if in := e.Settings.SignIn; !in.SecretEnds.IsZero() {
		all = append(all, notify.Expiry{Event: notify.SignInEnding, What: "the client secret that signs in to the tenant", Ends: in.SecretEnds,
			Hint: "create a new one in the app registration, put it where sign_in says, and correct secret_ends"})
	}
	if e.Settings.SignIn.Certificate != "" {
		// One that cannot be read shows where somebody signs in with it.
		if ends, err := e.certificateEnds(); err == nil && !ends.IsZero() {
			all = append(all, notify.Expiry{Event: notify.SignInEnding, What: "the certificate that signs in to the tenant", Ends: ends,
				Hint: "make a new one, add its public half to the app registration, and put it where sign_in.certificate says"})
		}
	}
	vendors, _ := e.TrustParts(e.Settings)
	for _, v := range vendors {
		if !v.Bundle.IsZero() && !v.Bundle.Expires().IsZero() {
			all = append(all, notify.Expiry{Event: notify.TrustEnding, What: "the trust bundle of " + v.Name, Ends: v.Bundle.Expires(),
				Hint: "ask the vendor for its current trust bundle, then `orgstore trust update`"})
		}
	}
	return all
}

func (e *Engine) certificateEnds() (time.Time, error) {
	t, err := e.ConnectTenant()
	if err != nil {
		return time.Time{}, err
	}
	return t.CertificateEnds()
}

// A Delivery is one message that went to a channel.
type Delivery struct {
	Channel string
	Message notify.Message
}

// Deliver sends what is due to channels, and records it. One process at a time
// sends: another one that does so leaves nothing to do. In a hurry, a person
// asked for it: no digest is waited for, and no channel is left alone.
func (e *Engine) Deliver(ctx context.Context, all []notify.Notice, channels []config.Channel, hurry bool) ([]Delivery, error) {
	held, err := lock.Acquire(ctx, e.Disk, filepath.Join(e.Settings.Data, "notices"), lock.Holder{Command: "orgstore notice", Since: e.Now()}, 0)
	if busy := (*lock.Held)(nil); errors.As(err, &busy) && !hurry {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	defer held.Release() //nolint:errcheck // it ends with the process
	if err := e.Journal.Refresh(ctx); err != nil {
		return nil, err
	}
	states, err := e.ChannelStates()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, tellTime)
	defer cancel()
	var sent []Delivery
	var failures []error
	for _, c := range channels {
		state := states[c.Name]
		told, err := e.deliverTo(ctx, c, &state, all, hurry)
		for _, m := range told {
			sent = append(sent, Delivery{c.Name, m})
		}
		states[c.Name] = state
		if err != nil {
			failures = append(failures, err)
		}
	}
	return sent, errors.Join(append(failures, e.saveChannels(states))...)
}

// deliverTo sends what is due to one channel. What was sent is recorded at once:
// a program that dies in between sends that message once more, under its id.
func (e *Engine) deliverTo(ctx context.Context, c config.Channel, state *channelState, all []notify.Notice, hurry bool) ([]notify.Message, error) {
	now, digest := e.Now().UTC(), time.Time{}
	if c.Digest != nil {
		digest = c.Digest.Before(now)
	}
	if _, begun := e.Journal.Book().Channel(c.Name); !begun {
		if err := e.Journal.Append(ctx, e.Tx, journal.Notified{Channel: c.Name}); err != nil {
			return nil, err
		}
		state.Digest = digest // its first one is the next
	}
	if !hurry && now.Before(state.Again) {
		return nil, nil
	}
	if c.Digest != nil && !hurry && !digest.After(state.Digest) {
		return nil, nil
	}
	var sent []notify.Message
	for _, m := range notify.Messages(c.Name, c.Due(e.Journal.Book(), all), c.Digest != nil, now) {
		sender, err := channels.Open(c, e.wire())
		if err != nil {
			return sent, e.noteFailedChannel(c, state, err)
		}
		if err := sender.Send(ctx, m); err != nil {
			return sent, e.noteFailedChannel(c, state, err)
		}
		if err := e.Journal.Append(context.WithoutCancel(ctx), e.Tx, toldOf(c.Name, m)); err != nil {
			return sent, err
		}
		sent = append(sent, m)
	}
	if state.Tries > 0 && len(sent) > 0 {
		e.note("the channel %s works again", safetext.Line(c.Name))
	}
	*state = channelState{Digest: digest}
	return sent, nil
}

func toldOf(channel string, m notify.Message) journal.Notified {
	n := journal.Notified{Channel: channel, Message: m.ID}
	for _, one := range m.Notices {
		n.Notices = append(n.Notices, journal.ToldNotice{Key: one.Key, Event: string(one.Event), Title: one.Title})
	}
	return n
}

// noteFailedChannel keeps that a channel could not be told, and when it is tried again.
func (e *Engine) noteFailedChannel(c config.Channel, state *channelState, err error) error {
	f := fault.Of(err)
	if f.Code == "error" { // whoever answers there says no more
		f = &fault.Fault{Code: "notice.failed", Hint: "look after whoever answers there: the agent tries again by itself, and orgstore notice send at once", Err: err}
	}
	if state.Tries == 0 {
		state.Since = e.Now().UTC()
	}
	state.Problem = safetext.Line(f.Error())
	if f.Hint != "" {
		state.Problem += " (" + safetext.Line(f.Hint) + ")"
	}
	state.Again = e.Now().UTC().Add(min(firstAgain<<min(state.Tries, 10), lastAgain))
	state.Tries++
	failed := fault.New(f.Code, f.Hint, "the channel %s could not be told: %w", c.Name, f.Err)
	failed.Because = f.Because
	return failed
}

// wire is how notices leave this machine.
func (e *Engine) wire() channels.Wire {
	w := channels.Wire{Secret: e.Secret, Mail: e.sendMail, Now: e.Now}
	if e.Post != nil {
		w.Post = func(ctx context.Context, to config.Secret, header map[string]string, body []byte) error {
			return e.Post(ctx, e.Settings, Post{To: to, Header: header, Body: body})
		}
	}
	return w
}

func (e *Engine) sendMail(ctx context.Context, m Mail) error {
	if e.signInFault != nil {
		return e.signInFault // nobody is asked to sign in twice
	}
	t, err := e.ConnectTenant()
	if err != nil {
		return err
	}
	return t.Mail(ctx, m)
}

// A channelState is how a channel is, beside what the journal has. Its members
// are never renamed.
type channelState struct {
	// Digest is the last time of day whose digest was seen to.
	Digest time.Time `json:"digest,omitzero"`
	// Since is when it began to fail, Tries how often it has in a row, and Again
	// when it is tried next.
	Since   time.Time `json:"since,omitzero"`
	Tries   int       `json:"tries,omitempty"`
	Again   time.Time `json:"again,omitzero"`
	Problem string    `json:"problem,omitempty"`
}

type channelsFile struct {
	Format   int                     `json:"orgstore_channels"`
	Channels map[string]channelState `json:"channels"`
}

func (e *Engine) channelsFile() string {
	return filepath.Join(e.Settings.Data, "notices", "channels.json")
}

// ChannelStates reads how channels are. A file that cannot be understood is as
// good as none: what was told is in the journal.
func (e *Engine) ChannelStates() (map[string]channelState, error) {
	text, err := disk.ReadFile(e.Disk, e.channelsFile(), maxChannels)
	if err != nil {
		return map[string]channelState{}, IgnoreError(err, fs.ErrNotExist)
	}
	var f channelsFile
	if json.Unmarshal(text, &f) != nil || f.Format != channelsFormat || f.Channels == nil {
		return map[string]channelState{}, nil
	}
	return f.Channels, nil
}

func (e *Engine) saveChannels(states map[string]channelState) error {
	maps.DeleteFunc(states, func(name string, _ channelState) bool {
		_, known := e.Settings.Channel(name)
		return !known
	})
	text, err := json.Marshal(channelsFile{channelsFormat, states})
	if err != nil {
		return err
	}
	return e.Write(e.channelsFile(), 0o600, text)
}

// FailingChannels says which channels cannot be told; empty where all can.
func (e *Engine) FailingChannels() string {
	states, err := e.ChannelStates()
	if err != nil {
		return "how the channels of notices are is not known: " + err.Error()
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(states)) {
		if c := states[name]; c.Tries > 0 {
			all = append(all, fmt.Sprintf("notices do not reach %s since %s: %s", name, FormatTime(c.Since), c.Problem))
		}
	}
	return safetext.Lines(strings.Join(all, "; "))
}
