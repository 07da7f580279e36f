package engine_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/activity"
	"github.com/orgstore/orgstore/agent/board"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/notify"
	"github.com/orgstore/orgstore/packages/disk"
)

// The data folder that an earlier version left.
const (
	earlierFiles = "../cli/testdata/installation/files"
	earlierPlace = "https://contoso.sharepoint.com/sites/bi/Visuals"
)

// failOnNote is for files of which there is nothing to say.
func failOnNote(t *testing.T) func(string, ...any) {
	return func(format string, args ...any) { t.Errorf("noted: "+format, args...) }
}

// The small files of state that an earlier version wrote are read, each by whatever
// keeps it now, and none is taken for damaged.
func TestStateFilesOfAnEarlierVersionAreRead(t *testing.T) {
	data := filepath.Join(earlierFiles, "data")
	files := []string{filepath.Join(data, "checkpoint"), filepath.Join(earlierFiles, "elsewhere", "checkpoint")}
	checkpoints := journal.Checkpoints{Disk: disk.OS(), Files: files, Note: failOnNote(t)}.Read()
	if len(checkpoints) != 2 || checkpoints[0].Seq != 180 || checkpoints[1].Trusted.IsZero() {
		t.Errorf("the checkpoints are %+v", checkpoints)
	}
	c, err := activity.Reader{Disk: disk.OS(), Folder: data, Note: failOnNote(t)}.LastCursor()
	if err != nil || !c.Until.Equal(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)) || len(c.Mark) == 0 {
		t.Errorf("the cursor of the activity log is %+v, %v", c, err)
	}
	channels, err := notify.Deliverer{Disk: disk.OS(), Folder: data}.ChannelStates()
	if err != nil || len(channels) != 2 || channels["team"].Tries != 3 {
		t.Errorf("the channels are %+v, %v", channels, err)
	}
	if _, isNew, err := board.Open(disk.OS(), data, earlierPlace, nil, failOnNote(t)); err != nil || isNew {
		t.Errorf("the board is new: %v, %v", isNew, err)
	}
}
