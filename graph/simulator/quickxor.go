package simulator

import (
	"encoding/base64"
	"encoding/binary"
)

// QuickXorHash returns the hash that SharePoint has of a file, in base64. It is
// a 160-bit register. Each byte is XORed into it 11 bits after the previous
// one, and the length into its last 64 bits. Microsoft documents it as "Code
// snippets: QuickXorHash algorithm".
func QuickXorHash(b []byte) string {
	const width, shift = 160, 11
	var h [width / 8]byte
	at := 0
	for _, v := range b {
		wide := uint16(v) << (at % 8)
		h[at/8] ^= byte(wide)
		h[(at/8+1)%len(h)] ^= byte(wide >> 8)
		at = (at + shift) % width
	}
	var length [8]byte
	binary.LittleEndian.PutUint64(length[:], uint64(len(b)))
	for i, v := range length {
		h[len(h)-8+i] ^= v
	}
	return base64.StdEncoding.EncodeToString(h[:])
}
