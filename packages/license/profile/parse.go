package profile

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/visual"
)

const (
	maxWord  = 64  // bytes of a name or a word
	maxText  = 512 // bytes of a field
	maxList  = 64  // items of a list
	maxSteps = 8
	maxPath  = 8 // names on the way to a member
	maxTimes = 4 // places of one key in a script

	maxQuantity = 10_000_000
)

var nameForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// The fields of a license, in the order in which a fingerprint lists them. New
// ones are added at the end.
var fieldNames = []string{"id", "ends", "quantity", "kind", "licensee", "product", "begins", "issued", "subscription", "sku"}

// The ways to write a date.
const (
	datesUnix  = "unix"              // seconds since 1970
	datesMilli = "unix-milliseconds" // as JavaScript's Date.now
	datesStamp = "rfc3339"           // 2026-03-01T00:00:00Z
	datesDay   = "date"              // 2026-03-01, which is its first moment, in UTC
)

// Parse reads a profile. The name is the file's, for messages. An error is a
// *verdict.Refusal with everything that is wrong, each with line and column.
func Parse(name string, b []byte) (Profile, error) {
	d := &document{name: name}
	root := d.parseRoot(b)
	if root == nil {
		return Profile{}, d.refusal()
	}
	keys := d.readMapping(root, "a profile", "*profile", "*name", "*vendor", "guids", "*find", "*decode", "*fields",
		"dates", "kind", "kinds", "products", "signature", "mask")
	if n := keys["profile"]; n != nil && n.Value != strconv.Itoa(Format) {
		d.addFault(n, "write profile: 1, or install the orgstore that the profile was written for", "this is a profile of the format %s; this orgstore reads 1", quoteShort(n.Value))
		return Profile{}, d.refusal()
	}
	p := Profile{
		name:   d.readText(keys["name"], "the name", maxWord),
		vendor: d.readText(keys["vendor"], "the vendor", maxText),
		guids:  d.readGUIDs(keys["guids"]),
		find:   d.readPlace(keys["find"]),
		decode: d.readSteps(keys["decode"], "decode"),
	}
	if p.name != "" && !nameForm.MatchString(p.name) {
		d.addFault(keys["name"], "use lower-case letters, digits and -", "%s cannot name a profile", quoteShort(p.name))
	}
	if n := len(p.decode); n > 0 && p.decode[n-1].verb != verbJSON {
		d.addFault(keys["decode"], "", "the last step is not json, so nothing has fields")
	}
	d.readFields(&p, keys)
	p.products = d.readTexts(keys["products"], "products")
	if keys["products"] != nil && p.fields["product"] == nil {
		d.addFault(keys["products"], "", "products are listed, but no field says the product")
	}
	p.signature = d.readSignature(keys["signature"])
	if p.signature != nil && keys["guids"] == nil {
		d.addFault(keys["signature"], "list the vendor's visuals under guids", "a key must not speak for every visual there is")
	}
	p.masking = d.readMasking(keys["mask"], p)
	if err := d.refusal(); err != nil {
		return Profile{}, err
	}
	p.fingerprint = p.computeFingerprint()
	return p, nil
}

func (d *document) readTexts(n *yaml.Node, what string) []string {
	var found []string
	for _, item := range d.readList(n, what, maxList) {
		found = append(found, d.readText(item, "an item of "+what, maxText))
	}
	return found
}

func (d *document) readGUIDs(n *yaml.Node) []visual.GUID {
	var found []visual.GUID
	for _, item := range d.readList(n, "guids", 1000) {
		s := d.readText(item, "a GUID", maxText)
		if s == "" {
			continue
		}
		g, err := visual.ParseGUID(s)
		switch {
		case err != nil:
			d.addFault(item, "orgstore package list shows the GUIDs of packages", "%v", err)
		case slices.Contains(found, g):
			d.addFault(item, "keep one of them", "the GUID %s is given twice", g)
		}
		found = append(found, g)
	}
	return found
}

// readPlace reads where the key sits.
func (d *document) readPlace(n *yaml.Node) place {
	keys := d.readMapping(n, "find", "script", "entry", "member")
	p := place{
		source: d.readText(keys["script"], "a pattern", maxPattern),
		entry:  d.readText(keys["entry"], "an entry's name", maxText),
		member: d.readPath(keys["member"]),
	}
	switch {
	case n == nil:
	case keys["script"] == nil && keys["entry"] == nil && keys["member"] == nil:
		d.addFault(n, "give script, entry or member", "find does not say where")
	case keys["script"] != nil && len(keys) > 1:
		d.addFault(keys["script"], "", "a pattern is for the script; it goes with neither entry nor member")
	case p.source != "":
		var err error
		if p.pattern, err = compilePattern(p.source); err != nil {
			d.addFault(keys["script"], "", "%v", err)
		}
	case p.entry == manifestEntry || p.entry == pbiviz.StatementEntry:
		d.addFault(keys["entry"], "", "%s is not the vendor's", p.entry)
	}
	return p
}

// readPath reads a path of member names with dots between them.
func (d *document) readPath(n *yaml.Node) []string {
	s := d.readText(n, "a member's path", maxText)
	if s == "" {
		return nil
	}
	names := strings.Split(s, ".")
	if slices.Contains(names, "") || len(names) > maxPath {
		d.addFault(n, "write it like license.key", "%s is not a path of at most %d names", quoteShort(s), maxPath)
		return nil
	}
	return names
}

func (d *document) readSteps(n *yaml.Node, what string) []step {
	var found []step
	items := d.readList(n, what, maxSteps)
	for i, item := range items {
		s, err := parseStep(d.readText(item, "a step", maxWord))
		switch {
		case err != nil:
			d.addFault(item, stepHint, "%v", err)
		case s.verb == verbJSON && (what != "decode" || i < len(items)-1):
			d.addFault(item, "", "json can only be the last step of decode")
		}
		found = append(found, s)
	}
	return found
}

// readFields reads which field says what.
func (d *document) readFields(p *Profile, keys map[string]*yaml.Node) {
	known := slices.Clone(fieldNames)
	known[slices.Index(known, "ends")] = "*ends"
	nodes := d.readMapping(keys["fields"], "fields", known...)
	p.fields = map[string][]string{}
	for _, name := range fieldNames {
		if n := nodes[name]; n != nil {
			p.fields[name] = d.readPath(n)
		}
	}
	p.dates = d.readOneOf(keys["dates"], "dates", datesUnix, datesMilli, datesStamp, datesDay)
	if keys["dates"] == nil && keys["fields"] != nil {
		d.addFault(keys["fields"], "add dates: unix, unix-milliseconds, rfc3339 or date", "the profile does not say how dates are written")
	}
	words := []string{string(license.User), string(license.Capacity), string(license.Site)}
	p.kind = license.Kind(d.readOneOf(keys["kind"], "a kind", words...))
	p.kinds = map[string]license.Kind{}
	if keys["kinds"] != nil {
		named := d.readMapping(keys["kinds"], "kinds")
		for _, says := range slices.Sorted(maps.Keys(named)) {
			p.kinds[says] = license.Kind(d.readOneOf(named[says], "a kind", words...))
		}
	}
	switch {
	case keys["kind"] != nil && nodes["kind"] != nil:
		d.addFault(keys["kind"], "keep one of them", "the kind is given, and a field says it too")
	case keys["kinds"] != nil && nodes["kind"] == nil:
		d.addFault(keys["kinds"], "", "kinds are listed, but no field says the kind")
	}
}

// readMasking reads what may be left out of a comparison.
func (d *document) readMasking(n *yaml.Node, p Profile) *masking {
	if n == nil {
		return nil
	}
	keys := d.readMapping(n, "mask", "*alphabet", "times")
	m := &masking{alphabet: d.readOneOf(keys["alphabet"], "an alphabet", alphabetURL, alphabetStandard), times: 1}
	if t := keys["times"]; t != nil {
		times, err := strconv.Atoi(d.readText(t, "times", maxWord))
		if err != nil || times < 1 || times > maxTimes || strconv.Itoa(times) != t.Value {
			d.addFault(t, "", "times is a number from 1 to %d", maxTimes)
		}
		m.times = times
		if len(p.find.source) == 0 {
			d.addFault(t, "", "times is for patterns; an entry or a member is there once")
		}
	}
	switch {
	case p.find.entry == "" && len(p.find.member) > 0 && slices.ContainsFunc(knownMembers, func(k string) bool { return strings.EqualFold(k, p.find.member[0]) }):
		d.addFault(n, "", "the member %s means something to Power BI, so it cannot be masked", quoteShort(p.find.member[0]))
	case len(p.decode) > 0 && p.decode[0].verb == verbJSON:
		d.addFault(n, "", "the key is JSON as it stands; only one string of letters, digits and dots can be masked")
	}
	return m
}

// readSignature reads how the key is signed.
func (d *document) readSignature(n *yaml.Node) *signature {
	if n == nil {
		return nil
	}
	keys := d.readMapping(n, "signature", "*algorithm", "*key", "*value", "*over")
	s := &signature{
		algorithm:   d.readOneOf(keys["algorithm"], "an algorithm", algEd25519, algES256, algRS256),
		toSignature: d.readSteps(keys["value"], "value"),
		toCovered:   d.readSteps(keys["over"], "over"),
	}
	text := d.readText(keys["key"], "the key", maxKey)
	if s.algorithm == "" || text == "" {
		return s
	}
	if err := s.setKey(text); err != nil {
		d.addFault(keys["key"], "give the public key as PEM, or the base64 inside of it", "the key cannot be used: %v", err)
	}
	return s
}

// String spells a step as profiles do.
func (s step) String() string {
	switch {
	case s.verb != verbPart:
		return s.verb
	case s.from == s.to:
		return fmt.Sprintf("part %d of %d by %c", s.from, s.of, s.by)
	}
	return fmt.Sprintf("parts %d-%d of %d by %c", s.from, s.to, s.of, s.by)
}
