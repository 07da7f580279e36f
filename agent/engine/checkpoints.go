package engine

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/disk"
)

const (
	// checkpointFile is the checkpoint in the data folder.
	checkpointFile = "checkpoint"
	// checkpointFormat is the number of its form.
	checkpointFormat = 1
	maxCheckpoint    = 4 << 10
	// codeMarkRestored is the code of the warning that the audit log ends before
	// where it went once: it was restored from a backup, or cut off.
	codeMarkRestored = "time.mark_restored"
)

// A checkpoint says how far the audit log went, and the newest trusted time in
// it. It is written when a command ends; one that lies away from the data folder
// outlives that folder's restoration from a backup. Its members are never renamed.
type checkpoint struct {
	Format  int       `json:"format"`
	Seq     uint64    `json:"seq"`
	Head    string    `json:"head"`             // the hash of entry Seq, hex
	Trusted time.Time `json:"trusted,omitzero"` // the time mark

	file string
}

// checkpointFiles lists where checkpoints are: in the data folder, and where the
// settings say.
func (e *Engine) checkpointFiles() []string {
	files := []string{filepath.Join(e.Settings.Data, checkpointFile)}
	if e.Settings.Checkpoint != "" {
		files = append(files, e.Settings.Checkpoint)
	}
	return files
}

// ReadCheckpoints reads what checkpoints there are. One that cannot be read is told,
// and stops nothing: a share may be away.
func (e *Engine) ReadCheckpoints() []checkpoint {
	var all []checkpoint
	for _, file := range e.checkpointFiles() {
		c, err := e.checkpoint(file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			e.note("the checkpoint %s of the audit log cannot be read: %v", file, err)
		default:
			all = append(all, c)
		}
	}
	return all
}

func (p Ports) checkpoint(file string) (checkpoint, error) {
	text, err := disk.ReadFile(p.Disk, file, maxCheckpoint)
	if err != nil {
		return checkpoint{}, err
	}
	c := checkpoint{}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, err
	}
	c.file = file
	if head, err := hex.DecodeString(c.Head); err != nil || len(head) != len(journal.Hash{}) || c.Seq == 0 {
		return c, errors.New("it says no hash")
	}
	if c.Format != checkpointFormat {
		return c, fmt.Errorf("it has the format %d, and this program knows %d: update orgstore", c.Format, checkpointFormat)
	}
	return c, nil
}

// VerifyCheckpoints holds the journal against what checkpoints say. One that ends earlier was
// restored from a backup, or its tail was cut off: it goes on from the newest
// trusted time that is known, and records that. One that goes on otherwise from
// there is another log, and nothing may be concluded from it.
func (e *Engine) VerifyCheckpoints(ctx context.Context, checkpoints []checkpoint) error {
	for _, c := range checkpoints {
		head, there, err := e.Journal.HashOf(ctx, c.Seq)
		switch {
		case err != nil:
			return err
		case there && head.String() != c.Head:
			return &journal.BrokenError{Seq: c.Seq, Why: fmt.Sprintf("the checkpoint %s knows it as another one", c.file)}
		case there:
			continue
		}
		if err := e.recordRestoredLog(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// recordRestoredLog records that the log ends before a checkpoint, with the time mark
// found there, and marks anew where the log goes on from.
func (e *Engine) recordRestoredLog(ctx context.Context, c checkpoint) error {
	book := e.Journal.Book()
	e.note("warning %s: the audit log ends at entry %d, and the checkpoint %s knows entry %d: it was restored from a backup, or its end was cut off; what was done since is not in it",
		codeMarkRestored, book.Seq(), c.file, c.Seq)
	trusted := c.Trusted
	if mark := book.TimeMark().Trusted; mark.After(trusted) {
		trusted = mark
	}
	if trusted.IsZero() { // nothing was ever trusted: only the place is told
		trusted = time.Unix(0, 0).UTC()
	}
	err := e.Journal.Append(ctx, e.Tx, journal.TimeMarked{
		Trusted: trusted, Source: fmt.Sprintf("checkpoint of entry %d, %s; the log ended at entry %d", c.Seq, c.Head, book.Seq()),
	})
	if err != nil {
		return err
	}
	return e.writeCheckpoint(c.file)
}

// writeCheckpoints writes the checkpoints where the log went on. They are a help: what keeps
// one from being written is told, and fails no command.
func (e *Engine) writeCheckpoints() {
	for _, file := range e.checkpointFiles() {
		if c, err := e.checkpoint(file); err == nil && c.Seq >= e.Journal.Book().Seq() {
			continue
		}
		if err := e.writeCheckpoint(file); err != nil {
			e.note("the checkpoint of the audit log cannot be written: %v", err)
		}
	}
}

// writeCheckpoint writes one checkpoint of the log as it is.
func (e *Engine) writeCheckpoint(file string) error {
	book := e.Journal.Book()
	if book.Seq() == 0 {
		return nil
	}
	text, err := json.Marshal(checkpoint{Format: checkpointFormat, Seq: book.Seq(), Head: book.Head().String(), Trusted: book.TimeMark().Trusted})
	if err != nil {
		return err
	}
	return e.Write(file, 0o600, append(text, '\n'))
}
