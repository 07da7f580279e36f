package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// What is hashed begins with the name of its form, so that no digest of one
// thing is ever that of another. The forms are stored in journals and task
// names: another one gets another name, and testdata holds these.
const (
	stepForm  = "orgstore step 1"
	basisForm = "orgstore basis 1"
	planForm  = "orgstore plan 1"
	gateForm  = "orgstore gate 1"
)

// shortID is how many bytes of a digest make an identifier.
const shortID = 16

// base32Lower has no padding and one case: an ID is a file name everywhere.
var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// stepID names a step by what is to change, from what, to what: not by claims,
// times, reasons or messages.
func stepID(s Step) store.StepID {
	return store.StepID("st_" + short(encodeStep(s)))
}

// Identified returns the step with its ID, for who makes a step that no plan
// has: the way back from one that failed.
func (s Step) Identified() Step {
	s.ID = stepID(s)
	return s
}

func encodeStep(s Step) []byte {
	o := form(stepForm).raw("key", keyJSON(s.Key)).str("kind", string(s.Kind))
	return o.raw("from", stateJSON(s.From)).raw("to", stateJSON(s.To)).end()
}

// planID names a plan by its basis and its steps.
func planID(b Basis, steps []Step) string {
	ids := make([][]byte, len(steps))
	for i, s := range steps {
		ids[i] = quote(nil, string(s.ID))
	}
	return "pl_" + short(form(planForm).str("basis", string(b)).raw("steps", list(ids)).end())
}

func short(encoded []byte) string {
	sum := sha256.Sum256(encoded)
	return base32Lower.EncodeToString(sum[:shortID])
}

// basis digests the facts a plan rests on.
func (x *index) basis() Basis {
	sum := sha256.Sum256(x.encodeBasis())
	return Basis("sha256:" + hex.EncodeToString(sum[:]))
}

// encodeBasis writes pins, what is present, the candidates of the visuals in
// question, blocks and asks, each list in an order of its own. Judgments are
// left out, since they change with time; so are reasons, which change nothing.
func (x *index) encodeBasis() []byte {
	var pins, present, asks, blocks, candidates [][]byte
	for _, v := range x.plans {
		if v.want != nil {
			pins = append(pins, object().raw("key", keyJSON(v.key)).str("pin", v.want.Pin.String()).end())
		}
		if v.ask != nil {
			asks = append(asks, askJSON(*v.ask))
		}
		present = append(present, presentJSON(v))
		for _, b := range x.blocks[v.key] {
			blocks = append(blocks, blockJSON(b))
		}
	}
	for _, g := range x.guids() {
		candidates = append(candidates, candidatesJSON(x.candidates[g])...)
	}
	return form(basisForm).raw("pins", list(pins)).raw("present", list(present)).
		raw("candidates", list(candidates)).raw("blocks", list(blocks)).raw("asks", list(asks)).end()
}

// guids returns the visuals in question, in order.
func (x *index) guids() []visual.GUID {
	guids := make([]visual.GUID, len(x.keys))
	for i, k := range x.keys {
		guids[i] = k.GUID
	}
	slices.SortFunc(guids, visual.GUID.Compare)
	return slices.Compact(guids)
}

func presentJSON(v *visualPlan) []byte {
	o := object().raw("key", keyJSON(v.key)).raw("state", stateJSON(v.now.state)).str("drift", string(v.now.drift))
	if v.now.stuck != nil {
		o.str("stuck", string(v.now.stuck.Code))
	}
	if v.unread != nil {
		o.flag("unread", true)
	}
	if v.open != nil {
		o.str("open", string(v.open.Step.ID)).flag("waiting", v.open.Waiting)
	}
	return o.flag("twice", v.twice).end()
}

// candidatesJSON writes the candidates of one visual: what is in the archive
// and bound, once each.
func candidatesJSON(candidates []ranked) [][]byte {
	lines := make([][]byte, len(candidates))
	for i, o := range candidates {
		line := object().str("guid", o.GUID.String()).
			str("version", o.Release.Version.String()).str("digest", o.Release.Digest.String()).
			str("content", string(o.Content)).str("license", o.Terms.ID).str("issuer", o.Terms.Issuer).
			time("ends", o.Terms.Ends)
		if len(o.Same) > 0 {
			line.raw("same", sameJSON(o.Same))
		}
		lines[i] = line.end()
	}
	slices.SortFunc(lines, bytes.Compare)
	return slices.CompactFunc(lines, bytes.Equal)
}

// sameJSON writes a set: neither order nor repetition counts.
func sameJSON(same []string) []byte {
	var values [][]byte
	for _, s := range slices.Compact(slices.Sorted(slices.Values(same))) {
		values = append(values, quote(nil, s))
	}
	return list(values)
}

func blockJSON(b Block) []byte {
	return object().raw("key", keyJSON(b.Key)).str("version", canonical(b.Version)).
		str("content", string(b.Content)).str("digest", digestText(b.Digest)).str("pin", b.Pin).end()
}

func compareBlocks(a, b Block) int {
	if c := bytes.Compare(blockJSON(a), blockJSON(b)); c != 0 {
		return c
	}
	return strings.Compare(a.Reason, b.Reason)
}

func askJSON(a Ask) []byte {
	return object().raw("key", keyJSON(a.Key)).str("version", canonical(a.Version)).
		str("content", string(a.Content)).str("not", digestText(a.Not)).end()
}

func keyJSON(k store.Key) []byte {
	return object().str("store", k.Store).str("guid", k.GUID.String()).end()
}

// stateJSON writes what identifies a state: presence, release, access and
// which license; never how far it was seen.
func stateJSON(s store.State) []byte {
	presence := s.Presence
	if presence == "" {
		presence = store.Unknown
	}
	o := object().str("presence", string(presence))
	if s.Release != nil {
		o.str("version", canonical(s.Release.Version)).str("digest", digestText(s.Release.Digest))
	}
	if s.Enabled != nil {
		o.flag("enabled", *s.Enabled)
	}
	return o.str("license", s.License.ID).end()
}

// canonical spells equal versions alike: stores and packages may write 1.4 and
// 1.4.0.0 for one.
func canonical(v visual.Version) string {
	if v.IsZero() {
		return ""
	}
	return v.Canonical()
}

func digestText(d visual.Digest) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// jsonObject writes one JSON object whose members come in the order of the
// calls, without space: the same values always give the same bytes.
type jsonObject struct{ b []byte }

func object() *jsonObject { return &jsonObject{b: append(make([]byte, 0, 320), '{')} }

func form(name string) *jsonObject { return object().str("form", name) }

func (o *jsonObject) raw(name string, value []byte) *jsonObject {
	if len(o.b) > 1 {
		o.b = append(o.b, ',')
	}
	o.b = append(quote(o.b, name), ':')
	o.b = append(o.b, value...)
	return o
}

func (o *jsonObject) str(name, value string) *jsonObject {
	o.raw(name, nil)
	o.b = quote(o.b, value)
	return o
}

func (o *jsonObject) flag(name string, value bool) *jsonObject {
	if value {
		return o.raw(name, []byte("true"))
	}
	return o.raw(name, []byte("false"))
}

func (o *jsonObject) time(name string, t time.Time) *jsonObject { return o.str(name, timeText(t)) }

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func (o *jsonObject) end() []byte { return append(o.b, '}') }

// quote appends a JSON string. Text that is not UTF-8 is written with
// replacement characters, which is the only error AppendQuote knows.
func quote(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

func list(values [][]byte) []byte {
	size := 2
	for _, v := range values {
		size += len(v) + 1
	}
	b := append(make([]byte, 0, size), '[')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, v...)
	}
	return append(b, ']')
}
