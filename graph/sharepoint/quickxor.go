package sharepoint

import (
	"encoding/binary"
	"hash"
)

// The sizes of a quickXorHash.
const (
	quickXorSize  = 20
	quickXorBits  = 8 * quickXorSize
	quickXorShift = 11
)

// A quickXor computes the hash that SharePoint has of files (documented: code
// snippets, quickXorHash). It XORs each byte into a circle of 160 bits, 11 bits
// after the previous byte. At the end it XORs the length, as 64 bits,
// little-endian, into the last bits. The hash detects damaged bytes and proves
// nothing: anybody can create another file with the same hash.
type quickXor struct {
	circle    [quickXorSize]byte
	bitOffset int // where the next byte begins
	length    uint64
}

func newQuickXor() hash.Hash { return new(quickXor) }

// Write adds bytes. It never fails.
func (q *quickXor) Write(p []byte) (int, error) {
	for _, b := range p {
		first, bit := q.bitOffset/8, q.bitOffset%8
		wide := uint16(b) << bit
		q.circle[first] ^= byte(wide)
		q.circle[(first+1)%quickXorSize] ^= byte(wide >> 8)
		if q.bitOffset += quickXorShift; q.bitOffset >= quickXorBits {
			q.bitOffset -= quickXorBits
		}
	}
	q.length += uint64(len(p))
	return len(p), nil
}

// Sum appends the hash of the bytes so far.
func (q *quickXor) Sum(b []byte) []byte {
	sum := q.circle
	var length [8]byte
	binary.LittleEndian.PutUint64(length[:], q.length)
	for i, l := range length {
		sum[quickXorSize-len(length)+i] ^= l
	}
	return append(b, sum[:]...)
}

// Reset starts over.
func (q *quickXor) Reset() { *q = quickXor{} }

// Size is 20.
func (q *quickXor) Size() int { return quickXorSize }

// BlockSize is 1, because the hash has no blocks.
func (q *quickXor) BlockSize() int { return 1 }
