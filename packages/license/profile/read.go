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

func hintFor(code verdict.Code) string {
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
	found, _, err := p.readKey(pkg)
	return found, err
}

func (p Profile) readKey(pkg *pbiviz.Package) (Found, locatedKey, error) {
	if g := pkg.Manifest().GUID; !p.Covers(g) {
		return Found{}, locatedKey{}, verdict.Refuse(codeScope, fmt.Sprintf("the profile %s is not about %s", p.name, g), hintFor(codeScope))
	}
	l, err := p.locateKey(pkg)
	if err != nil {
		return Found{}, locatedKey{}, err
	}
	found := Found{
		Profile: p.name, Place: p.find.String(), Token: visual.DigestOf(l.token), Shown: redactKey(l.token),
		Terms: license.Terms{Grade: license.Readable, Vendor: p.vendor, Kind: p.kind},
	}
	if p.signature != nil {
		if err := p.signature.verify(l.token); err != nil {
			return Found{}, locatedKey{}, p.refuse(codeSignature, "is not signed as the profile says: %v", err)
		}
		found.Terms.Grade, found.Terms.KeyID = license.Signed, p.signature.fingerprint
	}
	object, err := applySteps(p.decode, l.token)
	if err != nil {
		return Found{}, locatedKey{}, p.refuse(codeForm, "cannot be decoded: %v", err)
	}
	if err := p.interpret(object, &found); err != nil {
		return Found{}, locatedKey{}, err
	}
	return found, l, nil
}

// redactKey shows a key to people.
func redactKey(token []byte) string {
	const shown = 4
	for _, c := range token[:shown] {
		if !isAlphanumeric(c) {
			return fmt.Sprintf("%d characters", len(token))
		}
	}
	return fmt.Sprintf("%s… (%d characters)", token[:shown], len(token))
}

// interpret reads what the fields say.
func (p Profile) interpret(object []byte, into *Found) error {
	r := &fieldReader{profile: p, object: object}
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
			r.refuse("sku", "is not a capacity that Microsoft sells")
		}
		t.SKUs = []string{s}
	}
	into.Product = r.text("product")
	if t.Ends.IsZero() {
		r.refuse("ends", "is missing")
	}
	if r.err == nil && len(p.products) > 0 && !slices.Contains(p.products, into.Product) {
		return p.refuse(codeProduct, "is for the product %s, which is not one of the profile's", quoteShort(into.Product))
	}
	return r.err
}

// fieldReader reads the members of a decoded key and keeps the first fault.
type fieldReader struct {
	profile Profile
	object  []byte
	err     error
}

func (r *fieldReader) refuse(field, what string) {
	if r.err == nil {
		r.err = r.profile.refuse(codeField, "has a field %s (%s) that %s", strings.Join(r.profile.fields[field], "."), field, what)
	}
}

// member returns what a field holds, or nil where it is absent or null.
func (r *fieldReader) member(field string) jsontext.Value {
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
func (r *fieldReader) text(field string) string {
	v := r.member(field)
	switch {
	case v == nil:
		return ""
	case v.Kind() == '0' && integerForm.Match(v):
		return string(v)
	case v.Kind() != '"':
		r.refuse(field, "is neither text nor a whole number")
		return ""
	}
	text, err := jsontext.AppendUnquote(nil, v)
	s := string(text)
	if err != nil || len(s) > maxText || strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) }) {
		r.refuse(field, fmt.Sprintf("has more than %d bytes, or characters that cannot be printed", maxText))
		return ""
	}
	return s
}

// number returns a whole number, which may be written as text.
func (r *fieldReader) number(field string, most int64) int64 {
	s := r.text(field)
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if !integerForm.MatchString(s) || err != nil || n > most {
		r.refuse(field, fmt.Sprintf("is not a whole number up to %d", most))
		return 0
	}
	return n
}

func (r *fieldReader) kind(s string) license.Kind {
	if k, ok := r.profile.kinds[s]; ok {
		return k
	}
	switch k := license.Kind(s); k {
	case license.User, license.Capacity, license.Site:
		return k
	}
	r.refuse("kind", "names a kind that the profile does not know")
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
func (r *fieldReader) date(field string) time.Time {
	s := r.text(field)
	if s == "" {
		return time.Time{}
	}
	t, ok := parseDate(r.profile.dates, s)
	if !ok || t.Before(earliest) || t.After(latest) {
		r.refuse(field, "is not a date of the form "+r.profile.dates)
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
