package folder

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/packages/library"
)

// cursorForm is the number of the cursor's format, and what it starts with.
const cursorForm = "1."

// A mark stands for one file as it was seen: the start of a digest of its name
// and revision, so that a cursor takes 16 characters a file however long their
// names are. Two files with one mark are a matter of 2^48 files.
type mark [12]byte

func markOf(item library.Item) mark {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(item.ID)))
	sum := sha256.Sum256(slices.Concat(n[:], []byte(item.ID), []byte(item.Revision)))
	return mark(sum[:len(mark{})])
}

// marks are all files seen.
type marks map[mark]bool

// encode writes the marks in their order, so that the same files give the same
// cursor.
func (m marks) encode() library.Cursor {
	all := make([][]byte, 0, len(m))
	for k := range m {
		all = append(all, k[:])
	}
	slices.SortFunc(all, bytes.Compare)
	return library.Cursor(cursorForm + base64.RawURLEncoding.EncodeToString(slices.Concat(all...)))
}

// parseCursor reads what cursor wrote. Anything else has seen nothing: a file
// seen twice is harmless, one missed is not.
func parseCursor(c library.Cursor) marks {
	m := marks{}
	text, ok := strings.CutPrefix(string(c), cursorForm)
	b, err := base64.RawURLEncoding.DecodeString(text)
	if !ok || err != nil || len(b)%len(mark{}) != 0 {
		return m
	}
	for k := range slices.Chunk(b, len(mark{})) {
		m[mark(k)] = true
	}
	return m
}
