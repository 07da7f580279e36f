package journal_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/disktest"
)

// checkpointed is a log with a checkpoint in memory, and what was noted.
type checkpointed struct {
	journal.Checkpoints
	notes []string
}

func newCheckpointed(d disk.Disk) *checkpointed {
	k := &checkpointed{}
	k.Checkpoints = journal.Checkpoints{Disk: d, Files: []string{"/checkpoint"}, Note: func(format string, args ...any) {
		k.notes = append(k.notes, fmt.Sprintf(format, args...))
	}}
	return k
}

func (k *checkpointed) text(t *testing.T) string {
	t.Helper()
	text, err := disk.ReadFile(k.Disk, "/checkpoint", 1<<10)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (k *checkpointed) put(t *testing.T, text string) {
	t.Helper()
	err := disk.Replace(k.Disk, "/checkpoint", 0o600, func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
	if err != nil {
		t.Fatal(err)
	}
}

func appendFacts(t *testing.T, j *journal.Journal, facts ...journal.Fact) {
	t.Helper()
	if err := j.Append(t.Context(), journaltest.Tx(t), facts...); err != nil {
		t.Fatal(err)
	}
}

// policies are facts that say nothing of interest.
func policies(n int) []journal.Fact {
	var facts []journal.Fact
	for i := range n {
		facts = append(facts, journal.SettingsSeen{Policy: fmt.Sprintf("sha256:%d", i)})
	}
	return facts
}

// headOf is a hash that no entry has.
var headOf = strings.Repeat("00", len(journal.Hash{}))

func TestACheckpointHoldsHowFarTheLogWent(t *testing.T) {
	k := newCheckpointed(disktest.NewLossy())
	j := journaltest.Open(t, &journaltest.Log{})
	k.Write(j.Book())
	if all := k.Read(); len(all) != 0 {
		t.Errorf("an empty log has the checkpoints %+v", all)
	}
	mark := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	appendFacts(t, j, append(policies(2), journal.TimeMarked{Trusted: mark, Source: "a test"})...)
	k.Write(j.Book())
	all := k.Read()
	if len(all) != 1 || all[0].Seq != 3 || all[0].Head != j.Book().Head().String() || !all[0].Trusted.Equal(mark) {
		t.Fatalf("read %+v", all)
	}
	if want := fmt.Sprintf(`{"format":1,"seq":3,"head":"%s","trusted":"2026-03-02T08:00:00Z"}`+"\n", j.Book().Head()); k.text(t) != want {
		t.Errorf("the file holds %q, not %q", k.text(t), want)
	}
	if err := k.Verify(t.Context(), j, journaltest.Tx(t), all); err != nil || len(k.notes) != 0 || j.Book().Seq() != 3 {
		t.Errorf("a log that goes on from its checkpoint: %v, noted %q, entry %d", err, k.notes, j.Book().Seq())
	}
}

// A log that was restored from a backup keeps the newest trusted time, and that it
// was restored is noted once.
func TestALogThatEndsBeforeItsCheckpoint(t *testing.T) {
	for name, c := range map[string]struct{ own, known, want time.Time }{
		"the checkpoint is newer": {time.Time{}, time.Unix(2e9, 0), time.Unix(2e9, 0)},
		"the log is newer":        {time.Unix(2e9, 0), time.Unix(1e9, 0), time.Unix(2e9, 0)},
		"nothing was trusted":     {time.Time{}, time.Time{}, time.Unix(0, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			k := newCheckpointed(disktest.NewLossy())
			j := journaltest.Open(t, &journaltest.Log{})
			appendFacts(t, j, policies(1)...)
			if !c.own.IsZero() {
				appendFacts(t, j, journal.TimeMarked{Trusted: c.own, Source: "a test"})
			}
			seq := j.Book().Seq()
			trusted := ""
			if !c.known.IsZero() {
				trusted = fmt.Sprintf(`,"trusted":%q`, c.known.UTC().Format(time.RFC3339))
			}
			k.put(t, fmt.Sprintf(`{"format":1,"seq":9,"head":%q%s}`, headOf, trusted))
			if err := k.Verify(t.Context(), j, journaltest.Tx(t), k.Read()); err != nil {
				t.Fatal(err)
			}
			if got := j.Book().TimeMark().Trusted; !got.Equal(c.want) || j.Book().Seq() != seq+1 {
				t.Errorf("the time mark is %v after entry %d; want %v", got, j.Book().Seq(), c.want)
			}
			if len(k.notes) != 1 || !strings.HasPrefix(k.notes[0], fmt.Sprintf("warning time.mark_restored: the audit log ends at entry %d, and the checkpoint /checkpoint knows entry 9", seq)) {
				t.Errorf("noted: %q", k.notes)
			}
			if err := k.Verify(t.Context(), j, journaltest.Tx(t), k.Read()); err != nil || len(k.notes) != 1 {
				t.Errorf("the second time: %v, noted %q", err, k.notes)
			}
		})
	}
}

func TestALogThatGoesOnOtherwise(t *testing.T) {
	k := newCheckpointed(disktest.NewLossy())
	j := journaltest.Open(t, &journaltest.Log{})
	appendFacts(t, j, policies(3)...)
	k.put(t, fmt.Sprintf(`{"format":1,"seq":2,"head":%q}`, headOf))
	broken := (*journal.BrokenError)(nil)
	if err := k.Verify(t.Context(), j, journaltest.Tx(t), k.Read()); !errors.As(err, &broken) || broken.Seq != 2 || !strings.Contains(broken.Why, "/checkpoint") {
		t.Errorf("got %v", err)
	}
}

// A damaged checkpoint is noted, stops nothing, and is written anew.
func TestADamagedCheckpoint(t *testing.T) {
	for _, text := range []string{
		"garbage", "", "{}", `{"format":1}`, `{"format":0,"seq":1,"head":"` + headOf + `"}`, `{"format":1,"seq":0,"head":"` + headOf + `"}`,
		`{"format":1,"seq":1,"head":"00"}`, `{"format":1,"seq":1,"head":"` + headOf[2:] + `xx"}`, `{"format":1,"seq":-1,"head":"` + headOf + `"}`,
	} {
		k := newCheckpointed(disktest.NewLossy())
		k.put(t, text)
		if all := k.Read(); len(all) != 0 || len(k.notes) != 1 || !strings.HasPrefix(k.notes[0], "the checkpoint /checkpoint of the audit log cannot be read: ") {
			t.Errorf("%q: read %+v, noted %q", text, all, k.notes)
		}
		j := journaltest.Open(t, &journaltest.Log{})
		appendFacts(t, j, policies(1)...)
		k.Write(j.Book())
		if all := k.Read(); len(all) != 1 || len(k.notes) != 1 {
			t.Errorf("%q: afterwards %+v, noted %q", text, all, k.notes)
		}
	}
}

// A newer program's checkpoint is noted with what to do, and left as it is.
func TestACheckpointOfANewerProgram(t *testing.T) {
	k := newCheckpointed(disktest.NewLossy())
	const text = `{"format":2,"entries":7}`
	k.put(t, text)
	if all := k.Read(); len(all) != 0 || len(k.notes) != 1 || !strings.HasSuffix(k.notes[0], "it has format 2, and this version of orgstore reads format 1: update orgstore") {
		t.Errorf("read %+v, noted %q", all, k.notes)
	}
	j := journaltest.Open(t, &journaltest.Log{})
	appendFacts(t, j, policies(1)...)
	k.Write(j.Book())
	if got := k.text(t); got != text || len(k.notes) != 1 {
		t.Errorf("the file holds %q, noted %q", got, k.notes)
	}
}

// A checkpoint that cannot be written is noted, fails nothing, and the old one stays.
func TestACheckpointOnAFullDisk(t *testing.T) {
	for _, trouble := range []error{syscall.ENOSPC, syscall.EROFS} {
		d := disktest.NewLossy()
		j := journaltest.Open(t, &journaltest.Log{})
		appendFacts(t, j, policies(1)...)
		newCheckpointed(d).Write(j.Book())
		old := newCheckpointed(d).text(t)
		appendFacts(t, j, policies(1)...)
		k := newCheckpointed(disktest.Watch(d, disktest.Hook{Before: func(disktest.Op) error { return trouble }}))
		k.Write(j.Book())
		if len(k.notes) != 1 || !strings.HasPrefix(k.notes[0], "the checkpoint of the audit log cannot be written: ") || !strings.HasSuffix(k.notes[0], trouble.Error()) {
			t.Errorf("%v: noted %q", trouble, k.notes)
		}
		if got := k.text(t); got != old {
			t.Errorf("%v: the file holds %q, not %q", trouble, got, old)
		}
	}
}
