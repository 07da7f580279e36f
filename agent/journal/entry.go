package journal

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/orgstore/orgstore/policies/approval"
)

// domain keeps a hash of an entry from being the hash of anything else. It
// never changes: what may change is numbered inside the body.
const domain = "orgstore journal entry\x00"

// format is the number of the body's own layout.
const format = 1

// maxBody bounds one entry, in bytes. The largest facts carry the findings of
// one refused file: a few kilobytes.
const maxBody = 4 << 20

// A Hash is one link of the chain: SHA-256 over the domain, the hash of the
// entry before (zeros for the first), and the body as it is stored.
type Hash [sha256.Size]byte

// String returns the hash in lower-case hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

func chainHash(prev Hash, body []byte) Hash {
	h := sha256.New()
	h.Write([]byte(domain))
	h.Write(prev[:])
	h.Write(body)
	return Hash(h.Sum(nil))
}

// An Actor is who did something, as the operating system or a sign-in told it,
// never as a flag or a variable claimed.
type Actor struct {
	Source string `json:"source"` // who vouches: "os" or "entra"; "unknown" if nobody does
	ID     string `json:"id"`     // uid, SID or object id
	Name   string `json:"name"`   // for people
	Host   string `json:"host,omitempty"`
}

// String names the actor for people.
func (a Actor) String() string { return approval.Person(a).String() }

// A TxID names what one command or one round of the agent did. It orders by
// the time at which it was made.
type TxID string

// txAlphabet is Crockford's, in lower case: it sorts like the bytes it encodes,
// and nobody mistakes one letter for another.
const txAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// NewTxID makes a TxID from a time, in milliseconds, and 80 random bits.
func NewTxID(at time.Time, random io.Reader) (TxID, error) {
	var raw [16]byte
	ms := uint64(at.UnixMilli())
	for i := range 6 {
		raw[i] = byte(ms >> (8 * (5 - i)))
	}
	if _, err := io.ReadFull(random, raw[6:]); err != nil {
		return "", fmt.Errorf("cannot name a transaction: %w", err)
	}
	text := base32.NewEncoding(txAlphabet).WithPadding(base32.NoPadding).EncodeToString(raw[:])
	return TxID("tx_" + text), nil
}

// An Entry is one fact, with who recorded it and when. It is appended once and
// never changed.
type Entry struct {
	Seq    uint64 // from 1, without gaps
	At     time.Time
	By     Actor
	Tx     TxID
	Policy string // digest of the settings it was recorded under
	Fact   Fact
	Prev   Hash
	Hash   Hash
}

// A Record is an entry as a log keeps it. A log neither reads a body nor
// checks the chain: the journal does, whatever the log.
type Record struct {
	Seq  uint64
	Body []byte
	Prev Hash
	Hash Hash
}

// body is the layout of Record.Body. Its members are never renamed.
type body struct {
	Format int        `json:"format"`
	Seq    uint64     `json:"seq"`
	At     time.Time  `json:"at"`
	By     Actor      `json:"by"`
	Tx     TxID       `json:"tx"`
	Policy string     `json:"policy,omitempty"`
	Fact   storedFact `json:"fact"`
}

// encodeValue writes one value for good. A text that is not valid UTF-8, as the name
// of a file may be, is stored with replacement characters: a fact about a
// stranger's file must not fail by what the stranger called it.
func encodeValue(v any) ([]byte, error) {
	return json.Marshal(v, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
}

// sealEntry turns an entry without hashes into the record after prev.
func sealEntry(e Entry, prev Hash) (Record, error) {
	fact, err := encodeFact(e.Fact)
	if err != nil {
		return Record{}, fmt.Errorf("cannot record %s: %w", KindOf(e.Fact), err)
	}
	b, err := encodeValue(body{
		Format: format, Seq: e.Seq, At: e.At.UTC().Truncate(time.Millisecond),
		By: e.By, Tx: e.Tx, Policy: e.Policy,
		Fact: fact,
	})
	switch {
	case err != nil:
		return Record{}, fmt.Errorf("cannot record %s: %w", KindOf(e.Fact), err)
	case len(b) > maxBody:
		return Record{}, fmt.Errorf("cannot record %s: it has %d bytes; at most %d are allowed", KindOf(e.Fact), len(b), maxBody)
	}
	return Record{e.Seq, b, prev, chainHash(prev, b)}, nil
}

// openRecord reads the record that comes after the entry numbered seq with hash
// prev. Numbers, chain, body, fact: each is checked before the next is read.
func openRecord(r Record, seq uint64, prev Hash) (Entry, error) {
	at := seq + 1
	switch {
	case r.Seq != at:
		return Entry{}, &BrokenError{at, fmt.Sprintf("it is missing; entry %d follows instead", r.Seq)}
	case r.Prev != prev:
		return Entry{}, &BrokenError{at, "it does not follow the entry before it"}
	case r.Hash != chainHash(r.Prev, r.Body):
		return Entry{}, &BrokenError{at, "its content does not match its hash"}
	}
	var b body
	if err := json.Unmarshal(r.Body, &b, json.RejectUnknownMembers(true)); err != nil {
		return Entry{}, unreadableRecord(r, err)
	}
	switch {
	case b.Format != format:
		return Entry{}, &NewerError{at, fmt.Sprintf("format %d", b.Format)}
	case b.Seq != at:
		return Entry{}, &BrokenError{at, fmt.Sprintf("it says that it is entry %d", b.Seq)}
	}
	f, err := decodeFact(b.Fact)
	if err != nil {
		return Entry{}, brokenEntry(at, err)
	}
	return Entry{b.Seq, b.At, b.By, b.Tx, b.Policy, f, r.Prev, r.Hash}, nil
}

// unreadableRecord tells a body that a newer program wrote from one that none did.
func unreadableRecord(r Record, err error) error {
	var peek struct {
		Format int `json:"format"`
	}
	if json.Unmarshal(r.Body, &peek) == nil && peek.Format != format {
		return &NewerError{r.Seq, fmt.Sprintf("format %d", peek.Format)}
	}
	return brokenEntry(r.Seq, err)
}

func brokenEntry(seq uint64, err error) error {
	if newer := (*NewerError)(nil); errors.As(err, &newer) {
		return &NewerError{seq, newer.What}
	}
	if errors.Is(err, json.ErrUnknownName) {
		return &NewerError{seq, fmt.Sprintf("a member that this program does not know (%v)", err)}
	}
	return &BrokenError{seq, fmt.Sprintf("it cannot be read: %v", err)}
}

// ErrMoved is what a log answers when others appended since the caller read it.
// The journal reads on, judges its facts again, and tries again.
var ErrMoved = errors.New("the audit log has grown meanwhile")

// A BrokenError says that the log is not what was appended to it. Nothing may
// be concluded from such a log, so nothing may be changed on its word.
//
// What cannot be seen: a tail that was cut off, or a whole log that was made
// anew. For that, someone else must have kept a hash of the chain.
type BrokenError struct {
	Seq uint64 // the first entry that is wrong; 0 where nothing can be read
	Why string
}

// Error names the entry and what is wrong with it.
func (e *BrokenError) Error() string {
	if e.Seq == 0 {
		return "the audit log is broken: " + e.Why
	}
	return fmt.Sprintf("the audit log is broken at entry %d: %s", e.Seq, e.Why)
}

// Hint says what the reader can do.
func (e *BrokenError) Hint() string {
	return "restore the journal from a backup and keep the broken file: it is evidence"
}

// A NewerError says that a newer orgstore wrote something this one cannot judge.
type NewerError struct {
	Seq  uint64 // 0 where the log as a whole is newer
	What string
}

// Error names the entry and what is unknown in it.
func (e *NewerError) Error() string {
	if e.Seq == 0 {
		return fmt.Sprintf("the audit log was written by a newer orgstore: it has %s; update orgstore", e.What)
	}
	return fmt.Sprintf("the audit log was written by a newer orgstore: entry %d has %s; update orgstore", e.Seq, e.What)
}

// Hint says what the reader can do.
func (e *NewerError) Hint() string { return "update orgstore" }

// An ImpossibleError says that a fact contradicts what was recorded before.
type ImpossibleError struct {
	Fact Kind
	Why  string
}

// Error says what was to be recorded and why it cannot be so.
func (e *ImpossibleError) Error() string {
	return fmt.Sprintf("cannot record %s: %s", e.Fact, e.Why)
}
