package board

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/disktest"
	"github.com/orgstore/orgstore/packages/disk/statefile"
)

// An opened annotator, whether its board is new, and what was noted.
type opened struct {
	*Annotator
	wall  *wall
	isNew bool
	notes []string
}

func open(t *testing.T, d disk.Disk, place string) *opened {
	t.Helper()
	o := &opened{wall: &wall{}}
	var err error
	o.Annotator, o.isNew, err = Open(d, "/data", place, o.wall, func(format string, args ...any) {
		o.notes = append(o.notes, fmt.Sprintf(format, args...))
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func dataFolder(t *testing.T) disk.Disk {
	t.Helper()
	d := disktest.NewLossy()
	if err := d.MkdirAll("/data", 0o700); err != nil {
		t.Fatal(err)
	}
	return d
}

func put(t *testing.T, d disk.Disk, text string) {
	t.Helper()
	err := disk.Replace(d, "/data/library.board", 0o600, func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
	if err != nil {
		t.Fatal(err)
	}
}

func textOf(t *testing.T, d disk.Disk) string {
	t.Helper()
	text, err := disk.ReadFile(d, "/data/library.board", 1<<10)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func take(t *testing.T, o *opened, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := o.Take([]intake.Result{refused(id)}); err != nil {
			t.Fatal(err)
		}
	}
}

func annotate(t *testing.T, o *opened) []string {
	t.Helper()
	if err := o.Annotate(t.Context(), nothing); err != nil {
		t.Fatal(err)
	}
	return o.wall.asked
}

func TestTheNextRunGoesOnWithTheBoard(t *testing.T) {
	d := dataFolder(t)
	first := open(t, d, "Visuals")
	if !first.isNew {
		t.Error("the first board is not new")
	}
	take(t, first, "a")
	annotate(t, first)
	next := open(t, d, "Visuals")
	if next.isNew || len(next.notes) != 0 {
		t.Errorf("the next run begins anew: noted %q", next.notes)
	}
	take(t, next, "a", "b")
	if asked := annotate(t, next); !slices.Equal(asked, []string{"b"}) {
		t.Errorf("it told %v", asked)
	}
	if other := open(t, d, "Others"); !other.isNew {
		t.Error("another library goes on with the board of the first")
	}
}

// What is taken is on the disk before it is told: the cursor is saved between the two.
func TestWhatIsTakenIsSavedAtOnce(t *testing.T) {
	d := dataFolder(t)
	take(t, open(t, d, "Visuals"), "a")
	if asked := annotate(t, open(t, d, "Visuals")); !slices.Equal(asked, []string{"a"}) {
		t.Errorf("the next run told %v", asked)
	}
}

func TestTwoProcessesShareOneBoard(t *testing.T) {
	d := dataFolder(t)
	one, other := open(t, d, "Visuals"), open(t, d, "Visuals")
	take(t, one, "a")
	take(t, other, "b")
	if asked := annotate(t, open(t, d, "Visuals")); !slices.Equal(asked, []string{"a", "b"}) {
		t.Errorf("a third told %v", asked)
	}
}

func TestADamagedBoardIsANewOne(t *testing.T) {
	for _, text := range []string{"", "garbage", "{}", `{"orgstore_board":0,"library":"Visuals","items":{}}`, `{"orgstore_board":1,"library":"Visuals","items":{},"more":1}`} {
		d := dataFolder(t)
		put(t, d, text)
		o := open(t, d, "Visuals")
		if !o.isNew || len(o.notes) != 1 || !strings.HasSuffix(o.notes[0], ": the library is read from its start") || !strings.Contains(o.notes[0], "/data/library.board") {
			t.Errorf("%q: new is %v, noted %q", text, o.isNew, o.notes)
		}
		take(t, o, "a")
		if next := open(t, d, "Visuals"); next.isNew {
			t.Errorf("%q: the board was not written anew", text)
		}
	}
}

func TestTheBoardOfANewerProgramIsLeftToIt(t *testing.T) {
	d := dataFolder(t)
	late := open(t, d, "Visuals") // it is written by the newer one meanwhile
	const text = `{"orgstore_board":2,"libraries":[]}`
	put(t, d, text)
	if _, _, err := Open(d, "/data", "Visuals", &wall{}, nil); !errors.As(err, new(*statefile.NewerError)) {
		t.Errorf("opened: %v", err)
	}
	if err := late.Take([]intake.Result{refused("a")}); !errors.As(err, new(*statefile.NewerError)) {
		t.Errorf("saved: %v", err)
	}
	if got := textOf(t, d); got != text {
		t.Errorf("the file holds %q", got)
	}
}

// On a full disk the old board stays, and what was not saved is saved by the next try.
func TestABoardOnAFullDisk(t *testing.T) {
	for _, trouble := range []error{syscall.ENOSPC, syscall.EROFS} {
		d := dataFolder(t)
		take(t, open(t, d, "Visuals"), "a")
		old := textOf(t, d)
		isFull := true
		o := open(t, disktest.Watch(d, disktest.Hook{Before: func(disktest.Op) error {
			if isFull {
				return trouble
			}
			return nil
		}}), "Visuals")
		if err := o.Take([]intake.Result{refused("b")}); !errors.Is(err, trouble) {
			t.Errorf("%v: taken: %v", trouble, err)
		}
		if err := o.Annotate(t.Context(), nothing); !errors.Is(err, trouble) || textOf(t, d) != old {
			t.Errorf("%v: annotated: %v; the file holds %q", trouble, err, textOf(t, d))
		}
		isFull = false
		annotate(t, o)
		if next := open(t, d, "Visuals"); len(annotate(t, next)) != 0 {
			t.Errorf("%v: the next run told %v again", trouble, next.wall.asked)
		}
	}
}
