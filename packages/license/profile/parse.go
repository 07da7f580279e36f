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
	root := d.root(b)
	if root == nil {
		return Profile{}, d.refusal()
	}
	keys := d.mapping(root, "a profile", "*profile", "*name", "*vendor", "guids", "*find", "*decode", "*fields",
		"dates", "kind", "kinds", "products", "signature", "mask")
	if n := keys["profile"]; n != nil && n.Value != strconv.Itoa(Format) {
		d.add(n, "write profile: 1, or install the orgstore that the profile was written for", "this is a profile of the format %s; this orgstore reads 1", quote(n.Value))
		return Profile{}, d.refusal()
	}
	p := Profile{
		name:   d.text(keys["name"], "the name", maxWord),
		vendor: d.text(keys["vendor"], "the vendor", maxText),
		guids:  d.guids(keys["guids"]),
		find:   d.place(keys["find"]),
		decode: d.steps(keys["decode"], "decode"),
	}
	if p.name != "" && !nameForm.MatchString(p.name) {
		d.add(keys["name"], "use lower-case letters, digits and -", "%s cannot name a profile", quote(p.name))
	}
	if n := len(p.decode); n > 0 && p.decode[n-1].verb != verbJSON {
		d.add(keys["decode"], "", "the last step is not json, so nothing has fields")
	}
	d.meanings(&p, keys)
	p.products = d.texts(keys["products"], "products")
	if keys["products"] != nil && p.fields["product"] == nil {
		d.add(keys["products"], "", "products are listed, but no field says the product")
	}
	p.sign = d.signature(keys["signature"])
	if p.sign != nil && keys["guids"] == nil {
		d.add(keys["signature"], "list the vendor's visuals under guids", "a key must not speak for every visual there is")
	}
	p.mask = d.masking(keys["mask"], p)
	if err := d.refusal(); err != nil {
		return Profile{}, err
	}
	p.fingerprint = p.digest()
	return p, nil
}

func (d *document) texts(n *yaml.Node, what string) []string {
	var found []string
	for _, item := range d.list(n, what, maxList) {
		found = append(found, d.text(item, "an item of "+what, maxText))
	}
	return found
}

func (d *document) guids(n *yaml.Node) []visual.GUID {
	var found []visual.GUID
	for _, item := range d.list(n, "guids", 1000) {
		s := d.text(item, "a GUID", maxText)
		if s == "" {
			continue
		}
		g, err := visual.ParseGUID(s)
		switch {
		case err != nil:
			d.add(item, "orgstore package list shows the GUIDs of packages", "%v", err)
		case slices.Contains(found, g):
			d.add(item, "keep one of them", "the GUID %s is given twice", g)
		}
		found = append(found, g)
	}
	return found
}

// place reads where the key sits.
func (d *document) place(n *yaml.Node) place {
	keys := d.mapping(n, "find", "script", "entry", "member")
	p := place{
		source: d.text(keys["script"], "a pattern", maxPattern),
		entry:  d.text(keys["entry"], "an entry's name", maxText),
		member: d.names(keys["member"]),
	}
	switch {
	case n == nil:
	case keys["script"] == nil && keys["entry"] == nil && keys["member"] == nil:
		d.add(n, "give script, entry or member", "find does not say where")
	case keys["script"] != nil && len(keys) > 1:
		d.add(keys["script"], "", "a pattern is for the script; it goes with neither entry nor member")
	case p.source != "":
		var err error
		if p.pattern, err = compile(p.source); err != nil {
			d.add(keys["script"], "", "%v", err)
		}
	case p.entry == manifestEntry || p.entry == pbiviz.StatementEntry:
		d.add(keys["entry"], "", "%s is not the vendor's", p.entry)
	}
	return p
}

// names reads a path of member names with dots between them.
func (d *document) names(n *yaml.Node) []string {
	s := d.text(n, "a member's path", maxText)
	if s == "" {
		return nil
	}
	names := strings.Split(s, ".")
	if slices.Contains(names, "") || len(names) > maxPath {
		d.add(n, "write it like license.key", "%s is not a path of at most %d names", quote(s), maxPath)
		return nil
	}
	return names
}

func (d *document) steps(n *yaml.Node, what string) []step {
	var found []step
	items := d.list(n, what, maxSteps)
	for i, item := range items {
		s, err := parseStep(d.text(item, "a step", maxWord))
		switch {
		case err != nil:
			d.add(item, stepHint, "%v", err)
		case s.verb == verbJSON && (what != "decode" || i < len(items)-1):
			d.add(item, "", "json can only be the last step of decode")
		}
		found = append(found, s)
	}
	return found
}

// meanings reads which field says what.
func (d *document) meanings(p *Profile, keys map[string]*yaml.Node) {
	known := slices.Clone(fieldNames)
	known[slices.Index(known, "ends")] = "*ends"
	nodes := d.mapping(keys["fields"], "fields", known...)
	p.fields = map[string][]string{}
	for _, name := range fieldNames {
		if n := nodes[name]; n != nil {
			p.fields[name] = d.names(n)
		}
	}
	p.dates = d.oneOf(keys["dates"], "dates", datesUnix, datesMilli, datesStamp, datesDay)
	if keys["dates"] == nil && keys["fields"] != nil {
		d.add(keys["fields"], "add dates: unix, unix-milliseconds, rfc3339 or date", "the profile does not say how dates are written")
	}
	words := []string{string(license.User), string(license.Capacity), string(license.Site)}
	p.kind = license.Kind(d.oneOf(keys["kind"], "a kind", words...))
	p.kinds = map[string]license.Kind{}
	if keys["kinds"] != nil {
		named := d.mapping(keys["kinds"], "kinds")
		for _, says := range slices.Sorted(maps.Keys(named)) {
			p.kinds[says] = license.Kind(d.oneOf(named[says], "a kind", words...))
		}
	}
	switch {
	case keys["kind"] != nil && nodes["kind"] != nil:
		d.add(keys["kind"], "keep one of them", "the kind is given, and a field says it too")
	case keys["kinds"] != nil && nodes["kind"] == nil:
		d.add(keys["kinds"], "", "kinds are listed, but no field says the kind")
	}
}

// masking reads what may be left out of a comparison.
func (d *document) masking(n *yaml.Node, p Profile) *masking {
	if n == nil {
		return nil
	}
	keys := d.mapping(n, "mask", "*alphabet", "times")
	m := &masking{alphabet: d.oneOf(keys["alphabet"], "an alphabet", alphabetURL, alphabetStandard), times: 1}
	if t := keys["times"]; t != nil {
		times, err := strconv.Atoi(d.text(t, "times", maxWord))
		if err != nil || times < 1 || times > maxTimes || strconv.Itoa(times) != t.Value {
			d.add(t, "", "times is a number from 1 to %d", maxTimes)
		}
		m.times = times
		if len(p.find.source) == 0 {
			d.add(t, "", "times is for patterns; an entry or a member is there once")
		}
	}
	switch {
	case p.find.entry == "" && len(p.find.member) > 0 && slices.ContainsFunc(knownMembers, func(k string) bool { return strings.EqualFold(k, p.find.member[0]) }):
		d.add(n, "", "the member %s means something to Power BI, so it cannot be masked", quote(p.find.member[0]))
	case len(p.decode) > 0 && p.decode[0].verb == verbJSON:
		d.add(n, "", "the key is JSON as it stands; only one string of letters, digits and dots can be masked")
	}
	return m
}

// signature reads how the key is signed.
func (d *document) signature(n *yaml.Node) *signature {
	if n == nil {
		return nil
	}
	keys := d.mapping(n, "signature", "*algorithm", "*key", "*value", "*over")
	s := &signature{
		algorithm: d.oneOf(keys["algorithm"], "an algorithm", algEd25519, algES256, algRS256),
		value:     d.steps(keys["value"], "value"),
		over:      d.steps(keys["over"], "over"),
	}
	text := d.text(keys["key"], "the key", maxKey)
	if s.algorithm == "" || text == "" {
		return s
	}
	if err := s.setKey(text); err != nil {
		d.add(keys["key"], "give the public key as PEM, or the base64 inside of it", "the key cannot be used: %v", err)
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
