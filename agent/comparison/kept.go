package comparison

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"

	"github.com/orgstore/orgstore/packages/visual"
)

// computation is the number of this way to compare and to keep. Whoever changes what a
// comparison of the same packages finds, or how it is kept, gives it the next number:
// then what was kept under another is computed again.
const computation = 2

// A record is what the archive keeps of a comparison. All members but the last say
// what it is about: a record that is about anything else is none.
type record struct {
	Computation int           `json:"orgstore_comparison"`
	From        visual.Digest `json:"from_digest"`
	To          visual.Digest `json:"to_digest"`
	Profiles    string        `json:"profiles"`
	Found       Comparison    `json:"found"`
}

// readKept returns what was kept of a pair. Whatever is damaged, of another program,
// or computed with other profiles is as if it were absent.
func (c *Comparer) readKept(p pair) (Comparison, bool) {
	text, err := c.archive.Computation(p.key())
	if err != nil {
		return Comparison{}, false
	}
	r, err := decode(text)
	if err != nil || r.Computation != computation || r.From != p.from || r.To != p.to || r.Profiles != c.profilesDigest {
		return Comparison{}, false
	}
	return r.Found, true
}

// decode refuses members that it does not know: what they say would be lost.
func decode(text []byte) (record, error) {
	var r record
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return record{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return record{}, errors.New("something follows the record")
	}
	return r, nil
}

// keep keeps a comparison. Whether it succeeds changes no result: what cannot be kept
// is computed again.
func (c *Comparer) keep(p pair, found Comparison) {
	r := record{computation, p.from, p.to, c.profilesDigest, found}
	text, err := json.Marshal(r)
	if err != nil || c.cannotKeep {
		return
	}
	// JSON cannot hold every text: rules must not read another than the package has.
	if back, err := decode(text); err != nil || !reflect.DeepEqual(back, r) {
		return
	}
	if err := c.archive.KeepComputation(p.key(), text); err != nil {
		c.cannotKeep = true
		if c.OnUnkept != nil {
			c.OnUnkept(err)
		}
	}
}
