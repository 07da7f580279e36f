package notify_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/agent/lock"
	"github.com/orgstore/orgstore/agent/notify"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/disktest"
	"github.com/orgstore/orgstore/packages/disk/statefile"
)

// An office delivers notices by a clock that the test sets, to recipients in memory.
type office struct {
	notify.Deliverer
	now   time.Time
	notes []string
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{now: end}
	clock := func() time.Time { return o.now }
	stamp := journaltest.Stamp()
	stamp.Clock = clock
	j, err := journal.Open(t.Context(), &journaltest.Log{}, stamp)
	if err != nil {
		t.Fatal(err)
	}
	o.Deliverer = notify.Deliverer{
		Disk: disk.OS(), Folder: t.TempDir(), Journal: j, Tx: journaltest.Tx(t), Now: clock,
		HasChannel: func(name string) bool { return name != "removed" },
		Note:       func(format string, args ...any) { o.notes = append(o.notes, fmt.Sprintf(format, args...)) },
	}
	return o
}

// A recipient keeps what was sent, and fails for as long as it is told to.
type recipient struct {
	opened int
	sent   []string // the IDs of messages
	err    error
}

func (r *recipient) Send(_ context.Context, m notify.Message) error {
	if r.err != nil {
		return r.err
	}
	r.sent = append(r.sent, m.ID)
	return nil
}

func (r *recipient) target(name string) notify.Target {
	return notify.Target{Channel: notify.Channel{Name: name}, Open: func() (notify.Sender, error) {
		r.opened++
		return r, nil
	}}
}

func (o *office) deliver(t *testing.T, all []notify.Notice, to ...notify.Target) int {
	t.Helper()
	sent, err := o.Deliver(t.Context(), all, to, false)
	if err != nil {
		t.Fatal(err)
	}
	return len(sent)
}

func (o *office) put(t *testing.T, text string) {
	t.Helper()
	file := filepath.Join(o.Folder, "notices", "channels.json")
	if err := disk.MakeDir(o.Disk, filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := disk.Replace(o.Disk, file, 0o600, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
		t.Fatal(err)
	}
}

func (o *office) text(t *testing.T) string {
	t.Helper()
	text, err := disk.ReadFile(o.Disk, filepath.Join(o.Folder, "notices", "channels.json"), 1<<10)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAChannelIsToldOnce(t *testing.T) {
	o, ada, bob := newOffice(t), &recipient{}, &recipient{}
	if n := o.deliver(t, notices(2), ada.target("ada")); n != 2 || len(ada.sent) != 2 {
		t.Errorf("%d messages, sent %v", n, ada.sent)
	}
	if n := o.deliver(t, notices(3), ada.target("ada"), bob.target("bob")); n != 4 || len(ada.sent) != 3 || len(bob.sent) != 3 {
		t.Errorf("%d messages, sent %v and %v", n, ada.sent, bob.sent)
	}
	if n := o.deliver(t, notices(3), ada.target("ada")); n != 0 || ada.opened != 2 {
		t.Errorf("%d messages; the way was opened %d times though there was nothing to send", n, ada.opened)
	}
	if n, _ := o.Journal.Book().Channel("ada"); n.Messages != 3 {
		t.Errorf("the journal has %d messages", n.Messages)
	}
}

// A channel that fails is left alone for longer and longer, and then works again.
func TestAFailingChannelIsTriedAgain(t *testing.T) {
	o, ada := newOffice(t), &recipient{err: errors.New("hooks.contoso.com answered 500")}
	_, err := o.Deliver(t.Context(), notices(1), []notify.Target{ada.target("ada")}, false)
	if f := fault.Of(err); f.Code != "notice.failed" || f.Error() != "the channel ada could not be told: hooks.contoso.com answered 500" {
		t.Errorf("got %+v", f)
	}
	if text := o.FailingChannels(); !strings.HasPrefix(text, "notices do not reach ada since 2027-03-01 00:00:00: hooks.contoso.com answered 500 (look after whoever answers there") {
		t.Errorf("failing: %q", text)
	}
	for _, wait := range []time.Duration{2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute, 64 * time.Minute, 2 * time.Hour, 2 * time.Hour} {
		tries := ada.opened
		o.now = o.now.Add(wait - time.Second)
		if o.deliver(t, notices(1), ada.target("ada")); ada.opened != tries {
			t.Errorf("after %d tries it is tried before %v have passed", tries, wait)
		}
		o.now = o.now.Add(time.Second)
		if _, err := o.Deliver(t.Context(), notices(1), []notify.Target{ada.target("ada")}, false); err == nil || ada.opened != tries+1 {
			t.Errorf("after %d tries it is not tried once %v have passed", tries, wait)
		}
	}
	states, err := o.ChannelStates()
	if c := states["ada"]; err != nil || c.Tries != 9 || !c.Since.Equal(end) {
		t.Errorf("its state is %+v, %v", c, err)
	}
	ada.err = nil
	o.now = o.now.Add(2 * time.Hour)
	if n := o.deliver(t, notices(1), ada.target("ada")); n != 1 || !slices.Equal(o.notes, []string{"the channel ada works again"}) || o.FailingChannels() != "" {
		t.Errorf("%d messages, noted %q, failing %q", n, o.notes, o.FailingChannels())
	}
}

// A fault that says what it is stays what it is.
func TestAFaultKeepsItsCode(t *testing.T) {
	o, ada := newOffice(t), &recipient{err: fault.New("signin.secret", "renew it", "the secret has ended")}
	_, err := o.Deliver(t.Context(), notices(1), []notify.Target{ada.target("ada")}, false)
	if f := fault.Of(err); f.Code != "signin.secret" || f.Hint != "renew it" {
		t.Errorf("got %+v", f)
	}
}

// A person who asks waits for nothing.
func TestAPersonWaitsForNoBackOff(t *testing.T) {
	o, ada := newOffice(t), &recipient{err: errors.New("closed")}
	to := ada.target("ada")
	to.Digest = &notify.Digest{Hour: 8, Zone: time.UTC}
	o.deliver(t, notices(1), to)
	if _, err := o.Deliver(t.Context(), notices(1), []notify.Target{to}, true); err == nil || ada.opened != 1 {
		t.Errorf("the digest was waited for: %v", err)
	}
	ada.err = nil
	if sent, err := o.Deliver(t.Context(), notices(1), []notify.Target{to}, true); err != nil || len(sent) != 1 {
		t.Errorf("the back-off was waited for: %v, %v", sent, err)
	}
}

// A digest comes once a day, and holds all that came meanwhile.
func TestADigestIsWaitedFor(t *testing.T) {
	o, ada := newOffice(t), &recipient{}
	to := ada.target("ada")
	to.Digest = &notify.Digest{Hour: 8, Zone: time.UTC}
	if n := o.deliver(t, notices(1), to); n != 0 {
		t.Errorf("%d messages at midnight", n)
	}
	o.now = end.Add(8 * time.Hour)
	if n := o.deliver(t, notices(3), to); n != 1 || len(ada.sent) != 1 {
		t.Errorf("%d messages at eight", n)
	}
	o.now = end.Add(20 * time.Hour)
	if n := o.deliver(t, notices(5), to); n != 0 {
		t.Errorf("%d messages in the evening", n)
	}
	o.now = end.Add(32 * time.Hour)
	if n := o.deliver(t, notices(5), to); n != 1 {
		t.Errorf("%d messages the next day", n)
	}
}

// One channel that fails keeps no other from being told.
func TestOneFailingChannelStopsNoOther(t *testing.T) {
	o, ada, bob := newOffice(t), &recipient{err: errors.New("closed")}, &recipient{}
	sent, err := o.Deliver(t.Context(), notices(1), []notify.Target{ada.target("ada"), bob.target("bob")}, false)
	if err == nil || len(sent) != 1 || sent[0].Channel != "bob" {
		t.Errorf("sent %v, %v", sent, err)
	}
}

func TestAWayThatCannotBeOpened(t *testing.T) {
	o := newOffice(t)
	to := notify.Target{Channel: notify.Channel{Name: "ada"}, Open: func() (notify.Sender, error) { return nil, fault.New("notice.unsupported", "use mail", "not built in") }}
	if _, err := o.Deliver(t.Context(), notices(1), []notify.Target{to}, false); fault.Of(err).Code != "notice.unsupported" || !strings.Contains(o.FailingChannels(), "not built in (use mail)") {
		t.Errorf("got %v; failing %q", err, o.FailingChannels())
	}
}

// One process sends at a time. A person is told of the other one.
func TestOneProcessSendsAtATime(t *testing.T) {
	o, ada := newOffice(t), &recipient{}
	held, err := lock.Acquire(t.Context(), o.Disk, filepath.Join(o.Folder, "notices"), lock.Holder{Command: "orgstore notice", Since: o.now}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if n := o.deliver(t, notices(1), ada.target("ada")); n != 0 || ada.opened != 0 {
		t.Errorf("%d messages beside another process", n)
	}
	if _, err := o.Deliver(t.Context(), notices(1), []notify.Target{ada.target("ada")}, true); !errors.As(err, new(*lock.Held)) {
		t.Errorf("a person is told %v", err)
	}
	if err := held.Release(); err != nil {
		t.Fatal(err)
	}
	if n := o.deliver(t, notices(1), ada.target("ada")); n != 1 {
		t.Errorf("%d messages afterwards", n)
	}
}

// Of a channel that the settings do not have any more nothing is kept.
func TestARemovedChannelIsForgotten(t *testing.T) {
	o, ada := newOffice(t), &recipient{err: errors.New("closed")}
	if _, err := o.Deliver(t.Context(), notices(1), []notify.Target{ada.target("removed")}, false); err == nil {
		t.Fatal("it does not fail")
	}
	if o.FailingChannels() != "" || o.text(t) != `{"orgstore_channels":1,"channels":{}}` {
		t.Errorf("failing %q, kept %s", o.FailingChannels(), o.text(t))
	}
}

// A damaged file is as good as none: what was told is in the journal.
func TestADamagedChannelFile(t *testing.T) {
	for _, text := range []string{"", "garbage", "{}", `{"orgstore_channels":0}`, `{"orgstore_channels":1,"channels":7}`, `{"orgstore_channels":1}`} {
		o, ada := newOffice(t), &recipient{}
		o.deliver(t, notices(1), ada.target("ada"))
		o.put(t, text)
		if n := o.deliver(t, notices(2), ada.target("ada")); n != 1 || o.FailingChannels() != "" {
			t.Errorf("%q: %d messages, failing %q", text, n, o.FailingChannels())
		}
		if !strings.HasPrefix(o.text(t), `{"orgstore_channels":1,"channels":{"ada":`) {
			t.Errorf("%q: the file holds %s", text, o.text(t))
		}
	}
}

func TestTheChannelFileOfANewerProgramIsLeftToIt(t *testing.T) {
	o, ada := newOffice(t), &recipient{}
	const text = `{"orgstore_channels":2,"channels":[]}`
	o.put(t, text)
	if _, err := o.Deliver(t.Context(), notices(1), []notify.Target{ada.target("ada")}, false); !errors.As(err, new(*statefile.NewerError)) || ada.opened != 0 {
		t.Errorf("got %v; sent %v", err, ada.sent)
	}
	if got := o.FailingChannels(); !strings.Contains(got, "it has format 2") || o.text(t) != text {
		t.Errorf("failing %q; the file holds %s", got, o.text(t))
	}
}

// On a full disk a message that went is recorded all the same, and not sent again.
func TestChannelsOnAFullDisk(t *testing.T) {
	for _, trouble := range []error{syscall.ENOSPC, syscall.EROFS} {
		o, ada := newOffice(t), &recipient{}
		o.deliver(t, notices(1), ada.target("ada"))
		old := o.text(t)
		o.Disk = disktest.Watch(o.Disk, disktest.Hook{Before: func(op disktest.Op) error {
			if strings.HasSuffix(op.To, "channels.json") {
				return trouble
			}
			return nil
		}})
		sent, err := o.Deliver(t.Context(), notices(2), []notify.Target{ada.target("ada")}, false)
		if !errors.Is(err, trouble) || len(sent) != 1 || o.text(t) != old {
			t.Errorf("%v: sent %v, %v; the file holds %s", trouble, sent, err, o.text(t))
		}
		if sent, _ := o.Deliver(t.Context(), notices(2), []notify.Target{ada.target("ada")}, false); len(sent) != 0 {
			t.Errorf("%v: it was sent again: %v", trouble, sent)
		}
	}
}
