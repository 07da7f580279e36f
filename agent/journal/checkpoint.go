package journal

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/statefile"
)

const (
	// checkpointFormat is the number of a checkpoint's form.
	checkpointFormat = 1
	// maxCheckpoint bounds a checkpoint, in bytes.
	maxCheckpoint = 4 << 10
	// codeMarkRestored is the code of the warning that the audit log ends before
	// where it went once: it was restored from a backup, or cut off.
	codeMarkRestored = "time.mark_restored"
)

// A Checkpoint says how far the audit log went, and the newest trusted time in
// it. Its members are never renamed.
type Checkpoint struct {
	Format  int       `json:"format"`
	Seq     uint64    `json:"seq"`
	Head    string    `json:"head"`             // the hash of entry Seq, hex
	Trusted time.Time `json:"trusted,omitzero"` // the time mark

	file string
}

// Checkpoints are files that say how far the audit log went. They are written when
// a command ends; one that lies away from the data folder outlives that folder's
// restoration from a backup.
type Checkpoints struct {
	Disk  disk.Disk
	Files []string
	// Note is told what people should know.
	Note func(format string, args ...any)
}

// Read reads what checkpoints there are. One that cannot be read is told, and stops
// nothing: a share may be away.
func (k Checkpoints) Read() []Checkpoint {
	var all []Checkpoint
	for _, file := range k.Files {
		c, err := k.readCheckpoint(file)
		newer := (*statefile.NewerError)(nil)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case errors.As(err, &newer):
			k.Note("the checkpoint %s of the audit log cannot be read: %v: %s", file, err, newer.Hint())
		case err != nil:
			k.Note("the checkpoint %s of the audit log cannot be read: %v", file, err)
		default:
			all = append(all, c)
		}
	}
	return all
}

func (k Checkpoints) stateFile(file string) statefile.File {
	return statefile.File{Disk: k.Disk, Name: file, Member: "format", Format: checkpointFormat, MaxSize: maxCheckpoint}
}

func (k Checkpoints) readCheckpoint(file string) (Checkpoint, error) {
	c := Checkpoint{file: file}
	err := k.stateFile(file).Read(func(text []byte) error {
		if err := json.Unmarshal(text, &c); err != nil {
			return err
		}
		if head, err := hex.DecodeString(c.Head); err != nil || len(head) != len(Hash{}) || c.Seq == 0 {
			return errors.New("it says no hash")
		}
		return nil
	})
	return c, err
}

// Verify holds the journal against what checkpoints say. One that ends earlier was
// restored from a backup, or its tail was cut off: it goes on from the newest
// trusted time that is known, and records that. One that goes on otherwise from
// there is another log, and nothing may be concluded from it.
func (k Checkpoints) Verify(ctx context.Context, j *Journal, tx TxID, known []Checkpoint) error {
	for _, c := range known {
		head, there, err := j.HashOf(ctx, c.Seq)
		switch {
		case err != nil:
			return err
		case there && head.String() != c.Head:
			return &BrokenError{Seq: c.Seq, Why: fmt.Sprintf("the checkpoint %s knows it as another one", c.file)}
		case there:
			continue
		}
		if err := k.recordRestoredLog(ctx, j, tx, c); err != nil {
			return err
		}
	}
	return nil
}

// recordRestoredLog records that the log ends before a checkpoint, with the time mark
// found there, and marks anew where the log goes on from.
func (k Checkpoints) recordRestoredLog(ctx context.Context, j *Journal, tx TxID, c Checkpoint) error {
	book := j.Book()
	k.Note("warning %s: the audit log ends at entry %d, and the checkpoint %s knows entry %d: it was restored from a backup, or its end was cut off; what was done since is not in it",
		codeMarkRestored, book.Seq(), c.file, c.Seq)
	trusted := c.Trusted
	if mark := book.TimeMark().Trusted; mark.After(trusted) {
		trusted = mark
	}
	if trusted.IsZero() { // nothing was ever trusted: only the place is told
		trusted = time.Unix(0, 0).UTC()
	}
	err := j.Append(ctx, tx, TimeMarked{
		Trusted: trusted, Source: fmt.Sprintf("checkpoint of entry %d, %s; the log ended at entry %d", c.Seq, c.Head, book.Seq()),
	})
	if err != nil {
		return err
	}
	return k.writeCheckpoint(c.file, j.Book())
}

// Write writes the checkpoints where the log went on. They are a help: what keeps
// one from being written is told, and fails no command. One of a newer program is
// left to it.
func (k Checkpoints) Write(book Book) {
	for _, file := range k.Files {
		c, err := k.readCheckpoint(file)
		if err == nil && c.Seq >= book.Seq() || errors.As(err, new(*statefile.NewerError)) {
			continue
		}
		if err := k.writeCheckpoint(file, book); err != nil {
			k.Note("the checkpoint of the audit log cannot be written: %v", err)
		}
	}
}

// writeCheckpoint writes one checkpoint of the log as it is.
func (k Checkpoints) writeCheckpoint(file string, book Book) error {
	if book.Seq() == 0 {
		return nil
	}
	text, err := json.Marshal(Checkpoint{Format: checkpointFormat, Seq: book.Seq(), Head: book.Head().String(), Trusted: book.TimeMark().Trusted})
	if err != nil {
		return err
	}
	return k.stateFile(file).Write(append(text, '\n'))
}
