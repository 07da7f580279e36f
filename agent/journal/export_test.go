package journal

import "github.com/go-json-experiment/json"

// Forge makes a record of any body, with a hash that fits.
func Forge(seq uint64, prev Hash, body []byte) Record {
	return Record{Seq: seq, Body: body, Prev: prev, Hash: chainHash(prev, body)}
}

// Seal and Unseal let tests write and read single records.
var (
	Seal   = sealEntry
	Unseal = openRecord
)

// MaxBody is the limit of one entry.
const MaxBody = maxBody

// Decode reads a body and its fact, and checks nothing else.
func Decode(b []byte) (Fact, error) {
	var e body
	if err := json.Unmarshal(b, &e); err != nil {
		return nil, err
	}
	return decodeFact(e.Fact)
}
