package license

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/orgstore/orgstore/packages/visual"
)

// maxListed bounds each list of a bundle: a vendor may have many visuals.
const maxListed = 1024

// useForm is how uses are written. One that is not known yet is no fault: its
// key just signs no license.
var useForm = regexp.MustCompile(`^[a-z][a-z-]{0,31}$`)

// A bundleReader reads a bundle's text and collects everything wrong with it.
type bundleReader struct {
	faults      faults
	bundle      Bundle
	keyIDs      map[string]bool
	publicNames map[string]string // public key to the name it has already
}

// parseBundle reads the text of a bundle: every key has one name, every name
// one key, and each is a key that can prove something.
func parseBundle(text string) (Bundle, faults) {
	o, err := parseObject([]byte(text), limits{depth: 6, array: maxListed, text: maxText})
	if err != nil {
		return Bundle{}, fault(codeTrustForm, "is not strict JSON: %s", escapeError(err))
	}
	r := &bundleReader{bundle: Bundle{text: text}, keyIDs: map[string]bool{}, publicNames: map[string]string{}}
	if v, ok := o.integer("v"); ok && v != BundleFormat {
		r.faults.addWithHint(codeUnsupported, "update orgstore", "is of the format %d; only %d is understood", v, BundleFormat)
		return Bundle{}, r.faults
	}
	r.refuseUnknown(o, "the bundle", "v", "typ", "version", "expires", "threshold", "root_keys", "issuers")
	if typ, _ := o.text("typ"); typ != BundleType || !o.has("v") {
		r.faults.add(codeTrustForm, "has not v %d and typ %+q", BundleFormat, BundleType)
	}
	var ok bool
	if r.bundle.version, ok = o.integer("version"); !ok || r.bundle.version < 1 {
		r.faults.add(codeTrustForm, "has the version %s; versions count from 1", o.shown("version"))
	}
	r.bundle.expires = r.readTime(o, "expires", true)
	r.readRoots(o)
	r.readObjects(o, "issuers", r.readIssuer)
	return r.bundle, r.faults
}

func (r *bundleReader) refuseUnknown(o object, where string, names ...string) {
	for _, name := range o.names {
		if !slices.Contains(names, name) {
			r.faults.add(codeTrustForm, "has the unknown member %s in %s", strconv.QuoteToASCII(name), where)
		}
	}
}

// readTime reads an RFC 3339 time in UTC, to the second.
func (r *bundleReader) readTime(o object, name string, required bool) time.Time {
	if !o.has(name) && !required {
		return time.Time{}
	}
	s, _ := o.text(name)
	t, err := time.Parse("2006-01-02T15:04:05Z", s)
	if err != nil || t.Unix() < 0 {
		r.faults.add(codeTrustForm, "has in %s %s, which is not a time as 2027-01-31T00:00:00Z", name, o.shown(name))
		return time.Time{}
	}
	return t
}

// readObjects reads the objects of an array that is not empty.
func (r *bundleReader) readObjects(o object, name string, read func(object)) {
	list, ok := o.list(name)
	if !ok || len(list) == 0 {
		r.faults.add(codeTrustForm, "has no %s", name)
	}
	for _, v := range list {
		inner, err := parseInner(v)
		if err != nil {
			r.faults.add(codeTrustForm, "has in %s something that is not an object", name)
			continue
		}
		read(inner)
	}
}

// readRoots reads the root keys and how many of them must sign. The same key
// twice could count twice, under another name too, so it is refused.
func (r *bundleReader) readRoots(o object) {
	roots, ok := o.texts("root_keys")
	if !ok || len(roots) == 0 {
		r.faults.add(codeTrustForm, "has no root_keys")
	}
	names, keys := map[string]bool{}, map[string]bool{}
	for _, root := range roots {
		v, err := note.NewVerifier(root)
		if err != nil {
			r.faults.add(codeKeyForm, "has a root key that is no key: %s", escapeError(err))
			continue
		}
		public := rootPublic(root)
		if err := checkEd25519([]byte(public)); err != nil {
			r.faults.add(codeKeyForm, "has the root key %+q, which cannot be used: %v", v.Name(), err)
		}
		name := v.Name() + "+" + strconv.FormatUint(uint64(v.KeyHash()), 16)
		if names[name] && !keys[public] {
			r.faults.add(codeDuplicateKid, "has two root keys that are called %+q", name)
		}
		if keys[public] {
			r.faults.add(codeThreshold, "lists the root key %+q twice; each key counts once", v.Name())
		}
		names[name], keys[public] = true, true
	}
	threshold, ok := o.integer("threshold")
	if !ok || threshold < 1 || threshold > int64(len(roots)) {
		r.faults.add(codeThreshold, "asks for %s signatures of %d root keys", o.shown("threshold"), len(roots))
	}
	r.bundle.roots, r.bundle.threshold = roots, int(threshold)
}

// rootPublic returns the key's bytes of a verifier key that note accepted:
// NAME+HASH+base64 of a type byte and the key.
func rootPublic(root string) string {
	_, rest, _ := strings.Cut(root, "+")
	_, key64, _ := strings.Cut(rest, "+")
	b, err := base64.StdEncoding.DecodeString(key64)
	if err != nil || len(b) == 0 {
		return ""
	}
	return string(b[1:])
}

func (r *bundleReader) readIssuer(o object) {
	r.refuseUnknown(o, "issuers", "iss", "guids", "keys")
	i := Issuer{}
	i.Name, _ = o.text("iss")
	if !issuerForm.MatchString(i.Name) {
		r.faults.add(codeTrustForm, "has the iss %s, which is not a text without spaces", o.shown("iss"))
	}
	for _, other := range r.bundle.issuers {
		if other.Name == i.Name {
			r.faults.add(codeTrustForm, "lists the issuer %+q twice", i.Name)
		}
	}
	if o.has("guids") {
		i.GUIDs = r.readGUIDs(o)
	}
	r.readObjects(o, "keys", func(k object) { i.Keys = append(i.Keys, r.readKey(k)) })
	r.bundle.issuers = append(r.bundle.issuers, i)
}

func (r *bundleReader) readGUIDs(o object) []visual.GUID {
	list, ok := o.texts("guids")
	if !ok || len(list) == 0 {
		r.faults.add(codeTrustForm, "has guids that are not a list of visuals; leave them out to narrow nothing")
	}
	var guids []visual.GUID
	for _, s := range list {
		g, err := visual.ParseGUID(s)
		if err != nil {
			r.faults.add(codeTrustForm, "has in guids %s, which is not a visual's GUID", strconv.QuoteToASCII(s))
		}
		guids = append(guids, g)
	}
	return guids
}

func (r *bundleReader) readKey(o object) Key {
	r.refuseUnknown(o, "keys", "kid", "alg", "pub", "use", "status", "not_before", "not_after", "compromised_at")
	k := Key{}
	k.ID, _ = o.text("kid")
	if !kidForm.MatchString(k.ID) {
		r.faults.add(codeTrustForm, "has the kid %s, which cannot name a key", o.shown("kid"))
	}
	alg, _ := o.text("alg")
	k.Algorithm = Algorithm(alg)
	pub, _ := o.text("pub")
	var err error
	if k.Public, err = decodeBase64URL(pub); err == nil {
		err = k.check()
	}
	if err != nil {
		r.faults.add(codeKeyForm, "has the key %+q, which cannot be used: %s", k.ID, escapeError(err))
	}
	r.refuseDuplicate(k)
	r.readState(o, &k)
	return k
}

// refuseDuplicate refuses a second key of the same name, and a second name of the same
// key: the header names the key, so a compromised one could go by its other name.
func (r *bundleReader) refuseDuplicate(k Key) {
	public := string(k.Algorithm) + string(k.Public)
	if r.keyIDs[k.ID] {
		r.faults.add(codeDuplicateKid, "has two keys that are called %+q", k.ID)
	}
	if other, ok := r.publicNames[public]; ok && other != k.ID {
		r.faults.add(codeDuplicateKid, "has one key under two names, %+q and %+q", other, k.ID)
	}
	r.keyIDs[k.ID], r.publicNames[public] = true, k.ID
}

func (r *bundleReader) readState(o object, k *Key) {
	use, _ := o.text("use")
	if k.Use = Use(use); !useForm.MatchString(use) {
		r.faults.add(codeTrustForm, "has the key %+q with the use %s; %+q is for licenses", k.ID, o.shown("use"), UseLicense)
	}
	status, _ := o.text("status")
	k.Status = Status(status)
	k.NotBefore = r.readTime(o, "not_before", true)
	k.NotAfter = r.readTime(o, "not_after", k.Status == Retired)
	k.CompromisedAt = r.readTime(o, "compromised_at", k.Status == Compromised)
	switch {
	case k.Status != Active && k.Status != Retired && k.Status != Compromised:
		r.faults.add(codeTrustForm, "has the key %+q with the status %s; there are active, retired and compromised", k.ID, o.shown("status"))
	case k.Status != Compromised && o.has("compromised_at"):
		r.faults.add(codeTrustForm, "has the key %+q, which is %s and has compromised_at", k.ID, o.shown("status"))
	case !k.NotAfter.IsZero() && !k.NotBefore.Before(k.NotAfter):
		r.faults.add(codeTrustForm, "has the key %+q, which ends before it begins", k.ID)
	}
}
