package profile

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/mask"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// The codes of what profiles refuse. They are stable.
const (
	codeProfile   verdict.Code = "profile.form"      // the profile itself
	codeScope     verdict.Code = "profile.scope"     // the visual is not one of the profile's
	codeNone      verdict.Code = "profile.none"      // no key where it should be
	codeAmbiguous verdict.Code = "profile.ambiguous" // several keys
	codeSize      verdict.Code = "profile.size"      // something is too large or too small
	codeForm      verdict.Code = "profile.key"       // the key cannot be decoded
	codeField     verdict.Code = "profile.field"     // a field does not say what it should
	codeProduct   verdict.Code = "profile.product"   // the key is for something else
	codeSignature verdict.Code = "profile.signature"
	codeMask      verdict.Code = "profile.mask" // the key cannot be masked
)

func hint(code verdict.Code) string {
	switch code {
	case codeScope:
		return "use the profile that is about this visual, or add the visual to its guids"
	case codeSignature, codeProduct:
		return "do not put this package into a store; ask the vendor for one made for you"
	case codeMask:
		return "compare the packages as they are; a person must decide about a renewal"
	}
	return "if the package is genuine, the vendor's form has changed; correct the profile, or attest the license"
}

// Found is what a profile found in a package. It holds no key.
type Found struct {
	Profile string `json:"profile"` // its name
	Place   string `json:"place"`   // in words
	// Terms are of the grade readable; signed, if the profile has the vendor's
	// key and the signature is good.
	Terms   license.Terms `json:"terms"`
	Product string        `json:"product,omitempty"`
	// Token is the SHA-256 of the vendor's key: equal keys are the same license.
	Token visual.Digest `json:"token"`
	// Shown is all of the key that people see: its first four characters and
	// its length.
	Shown string `json:"shown"`
}

// Read reads the vendor's own license out of a package. It verifies the
// signature if the profile says how, and never evaluates what the license says. An
// error is a *verdict.Refusal whose codes begin with profile.
func (p Profile) Read(pkg *pbiviz.Package) (Found, error) {
	found, _, err := p.read(pkg)
	return found, err
}

func (p Profile) read(pkg *pbiviz.Package) (Found, located, error) {
	if g := pkg.Manifest().GUID; !p.Covers(g) {
		return Found{}, located{}, verdict.Refuse(codeScope, fmt.Sprintf("the profile %s is not about %s", p.name, g), hint(codeScope))
	}
	l, err := p.locate(pkg)
	if err != nil {
		return Found{}, located{}, err
	}
	found := Found{
		Profile: p.name, Place: p.find.String(), Token: visual.DigestOf(l.token), Shown: redact(l.token),
		Terms: license.Terms{Grade: license.Readable, Vendor: p.vendor, Kind: p.kind},
	}
	if p.sign != nil {
		if err := p.sign.verify(l.token); err != nil {
			return Found{}, located{}, p.refuse(codeSignature, "is not signed as the profile says: %v", err)
		}
		found.Terms.Grade, found.Terms.KeyID = license.Signed, p.sign.fingerprint
	}
	object, err := run(p.decode, l.token)
	if err != nil {
		return Found{}, located{}, p.refuse(codeForm, "cannot be decoded: %v", err)
	}
	if err := p.mean(object, &found); err != nil {
		return Found{}, located{}, err
	}
	return found, l, nil
}

// redact shows a key to people.
func redact(token []byte) string {
	const shown = 4
	for _, c := range token[:shown] {
		if !alphanumeric(c) {
			return fmt.Sprintf("%d characters", len(token))
		}
	}
	return fmt.Sprintf("%s… (%d characters)", token[:shown], len(token))
}

// mean reads what the fields say.
func (p Profile) mean(object []byte, into *Found) error {
	r := &fields{profile: p, object: object}
	t := &into.Terms
	t.ID = r.text("id")
	t.Licensee = r.text("licensee")
	t.Subscription = r.text("subscription")
	t.Ends, t.Begins, t.Issued = r.date("ends"), r.date("begins"), r.date("issued")
	t.Quantity = r.number("quantity", maxQuantity)
	if s := r.text("kind"); s != "" {
		t.Kind = r.kind(s)
	}
	if s := r.text("sku"); s != "" {
		if !license.KnownSKU(s) {
			r.fail("sku", "is not a capacity that Microsoft sells")
		}
		t.SKUs = []string{s}
	}
	into.Product = r.text("product")
	if t.Ends.IsZero() {
		r.fail("ends", "is missing")
	}
	if r.err == nil && len(p.products) > 0 && !slices.Contains(p.products, into.Product) {
		return p.refuse(codeProduct, "is for the product %s, which is not one of the profile's", quote(into.Product))
	}
	return r.err
}

// fields reads the members of a decoded key and keeps the first fault.
type fields struct {
	profile Profile
	object  []byte
	err     error
}

func (r *fields) fail(field, what string) {
	if r.err == nil {
		r.err = r.profile.refuse(codeField, "has a field %s (%s) that %s", strings.Join(r.profile.fields[field], "."), field, what)
	}
}

// value returns what a field holds, or nil where it is absent or null.
func (r *fields) value(field string) jsontext.Value {
	names := r.profile.fields[field]
	if len(names) == 0 {
		return nil
	}
	v, _, err := mask.Member(r.object, names...)
	if err != nil || v.Kind() == 'n' {
		return nil
	}
	return v
}

var integerForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,15})$`)

// text returns a string, or a whole number as it is written.
func (r *fields) text(field string) string {
	v := r.value(field)
	switch {
	case v == nil:
		return ""
	case v.Kind() == '0' && integerForm.Match(v):
		return string(v)
	case v.Kind() != '"':
		r.fail(field, "is neither text nor a whole number")
		return ""
	}
	text, err := jsontext.AppendUnquote(nil, v)
	s := string(text)
	if err != nil || len(s) > maxText || strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) }) {
		r.fail(field, fmt.Sprintf("has more than %d bytes, or characters that cannot be printed", maxText))
		return ""
	}
	return s
}

// number returns a whole number, which may be written as text.
func (r *fields) number(field string, most int64) int64 {
	s := r.text(field)
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if !integerForm.MatchString(s) || err != nil || n > most {
		r.fail(field, fmt.Sprintf("is not a whole number up to %d", most))
		return 0
	}
	return n
}

func (r *fields) kind(s string) license.Kind {
	if k, ok := r.profile.kinds[s]; ok {
		return k
	}
	switch k := license.Kind(s); k {
	case license.User, license.Capacity, license.Site:
		return k
	}
	r.fail("kind", "names a kind that the profile does not know")
	return ""
}

// What dates a key may hold. Others are milliseconds taken for seconds, or the
// other way round.
var (
	earliest  = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	latest    = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
	stampForm = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$`)
)

// date reads a date. Parts of seconds are dropped: a license ends rather early.
func (r *fields) date(field string) time.Time {
	s := r.text(field)
	if s == "" {
		return time.Time{}
	}
	t, ok := parseDate(r.profile.dates, s)
	if !ok || t.Before(earliest) || t.After(latest) {
		r.fail(field, "is not a date of the form "+r.profile.dates)
		return time.Time{}
	}
	return t
}

func parseDate(form, s string) (time.Time, bool) {
	var t time.Time
	var err error
	switch form {
	case datesStamp:
		if !stampForm.MatchString(s) {
			return t, false
		}
		t, err = time.Parse(time.RFC3339, s)
	case datesDay:
		t, err = time.Parse(time.DateOnly, s)
	default:
		var n int64
		if !integerForm.MatchString(s) {
			return t, false
		}
		if n, err = strconv.ParseInt(s, 10, 64); form == datesMilli {
			n /= 1000
		}
		t = time.Unix(n, 0)
	}
	return t.UTC().Truncate(time.Second), err == nil
}
