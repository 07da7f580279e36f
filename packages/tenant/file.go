package tenant

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/visual"
)

// FileName is what a facts file is called; it lies in the data folder.
const FileName = "facts.yaml"

// MaxSize bounds a facts file, in bytes: some thousands of visuals.
const MaxSize = 1 << 20

// numberForm is a number of people: below a thousand million, so that sums of
// them stay numbers, and written in one way.
var numberForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})$`)

// hostForm is a DNS name in lower-case A-labels: no scheme, port, path or
// wildcard, and no address. It is what statements may name, too.
var hostForm = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

// maxHost is the longest name DNS knows, in bytes.
const maxHost = 253

// ParseFacts reads a facts file; the name is for messages. What a file does not
// say is unknown, and an empty list says that there are none. An error is of
// type Faults and tells everything that is wrong, unless the YAML itself is
// broken, which hides what comes after.
//
//	version: 1
//	tenant: 8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11
//	as_of: 2026-11-20
//	source: counted by hand
//	users: { free: 1200, pro: 310, ppu: 25 }
//	groups:
//	  - { id: 6f1d…, name: BI designers, members: 12 }
//	capacities:                     # all of the tenant's
//	  - { id: 0f08…, name: Production, sku: F64, state: Active, region: West Europe }
//	sites: [reports.contoso.com]    # all into which reports are embedded
//	settings:                       # the tenant's, as far as they concern visuals
//	  - { name: CustomVisualsTenant, enabled: true, grouped: false }
//	subscriptions:                  # licenses of users with a plan of Power BI
//	  - { sku: f8a1…, name: POWER_BI_PRO, plan: pro, state: Enabled, bought: 320, assigned: 310 }
//	uses:
//	  - guid: auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E
//	    designers: [6f1d…]          # groups, or a number
//	    viewers: 750                # in the Power BI service; not on sites
//	    capacities: [0f08…]
//	    hosts: []
func ParseFacts(name string, b []byte) (Facts, error) {
	r := &reader{name: name}
	var f Facts
	if root := r.parseDocument(b); root != nil {
		f = r.readFacts(root)
	}
	if len(r.faults) > 0 {
		r.faults.sort()
		return Facts{}, r.faults
	}
	return f, nil
}

func (r *reader) readFacts(root *yaml.Node) Facts {
	s := r.readSection(root, "the facts file", []string{"version", "tenant", "as_of", "source"},
		[]string{"domains", "users", "groups", "capacities", "sites", "settings", "subscriptions", "uses"})
	if v, ok := r.readText(s, "version"); ok && v != "1" {
		r.addFaultAt(s.values["version"], "write version: 1, or update orgstore", "this is a facts file of version %s; this orgstore reads version 1", quoteShort(v))
	}
	var f Facts
	f.ID = r.readID(s, "tenant", "a tenant id; the Azure portal shows it as Directory (tenant) ID")
	f.AsOf = r.readDay(s, "as_of")
	f.Source, _ = r.readText(s, "source")
	f.Domains, _ = r.readHosts(s, "domains").Get()
	if n := s.values["users"]; n != nil {
		u := r.readSection(n, `"users"`, nil, []string{"free", "pro", "ppu"})
		f.Users = Users{r.readNumber(u, "free"), r.readNumber(u, "pro"), r.readNumber(u, "ppu")}
	}
	f.Groups = r.readGroups(s)
	f.Capacities = r.readCapacities(s)
	f.Sites = r.readHosts(s, "sites")
	f.Settings = r.readSettings(s)
	f.Subscriptions = r.readSubscriptions(s)
	f.Uses = r.readUses(s, f)
	return f
}

func (r *reader) readGroups(s section) []Group {
	var groups []Group
	seen := firstLines{}
	items, _ := r.readList(s, "groups")
	for _, n := range items {
		g := r.readSection(n, "a group", []string{"id"}, []string{"name", "members"})
		name, _ := r.readText(g, "name")
		groups = append(groups, Group{seen.readUniqueID(r, g), name, r.readNumber(g, "members")})
	}
	return groups
}

func (r *reader) readCapacities(s section) Known[[]Capacity] {
	items, given := r.readList(s, "capacities")
	if !given {
		return Known[[]Capacity]{}
	}
	capacities := []Capacity{}
	seen := firstLines{}
	for _, n := range items {
		c := r.readSection(n, "a capacity", []string{"id"}, []string{"name", "sku", "state", "region"})
		k := Capacity{ID: seen.readUniqueID(r, c), SKU: r.readSKU(c)}
		k.Name, _ = r.readText(c, "name")
		k.State, _ = r.readText(c, "state")
		k.Region, _ = r.readText(c, "region")
		capacities = append(capacities, k)
	}
	return Is(capacities)
}

func (r *reader) readSettings(s section) Known[[]Setting] {
	items, given := r.readList(s, "settings")
	if !given {
		return Known[[]Setting]{}
	}
	settings := []Setting{}
	seen := firstLines{}
	for _, n := range items {
		g := r.readSection(n, "a setting", []string{"name", "enabled"}, []string{"grouped"})
		name, _ := r.readText(g, "name")
		if _, ok := findSetting(name); name != "" && !ok {
			r.addFaultAt(g.values["name"], "remove it", "%s is no tenant setting that concerns visuals", quoteShort(name))
		}
		seen.refuseRepeat(r, g.values["name"], name)
		settings = append(settings, Setting{name, r.readBool(g, "enabled"), r.readBool(g, "grouped")})
	}
	return Is(settings)
}

// readBool reads true or false; what is not there is false.
func (r *reader) readBool(s section, key string) bool {
	t, ok := r.readText(s, key)
	if ok && t != "true" && t != "false" {
		r.addFaultAt(s.values[key], "write true or false", "%q is neither true nor false: %s", key, quoteShort(t))
	}
	return t == "true"
}

func (r *reader) readSubscriptions(s section) Known[[]Subscription] {
	items, given := r.readList(s, "subscriptions")
	if !given {
		return Known[[]Subscription]{}
	}
	subscriptions := []Subscription{}
	seen := firstLines{}
	for _, n := range items {
		g := r.readSection(n, "a subscription", []string{"sku", "plan"}, []string{"name", "state", "bought", "assigned"})
		b := Subscription{SKU: r.readID(g, "sku", "an id as Microsoft writes it"), Bought: r.readNumber(g, "bought"), Assigned: r.readNumber(g, "assigned")}
		seen.refuseRepeat(r, g.values["sku"], b.SKU)
		b.Name, _ = r.readText(g, "name")
		b.State, _ = r.readText(g, "state")
		b.Plan, _ = r.readText(g, "plan")
		if plans := []string{PlanFree, PlanPro, PlanPPU, PlanLegacy}; b.Plan != "" && !slices.Contains(plans, b.Plan) {
			r.addFaultAt(g.values["plan"], "known here: "+strings.Join(plans, ", "), "%s is no plan of Power BI", quoteShort(b.Plan))
		}
		subscriptions = append(subscriptions, b)
	}
	return Is(subscriptions)
}

// readSKU reads a SKU. One that Microsoft sells tomorrow must not make the file
// unreadable today; one in small letters is a slip.
func (r *reader) readSKU(s section) SKU {
	t, _ := r.readText(s, "sku")
	if upper := strings.ToUpper(t); upper != t && ParseSKU(upper).Known() {
		r.addFaultAt(s.values["sku"], "write "+upper, "%s is not how Microsoft spells a SKU", quoteShort(t))
	}
	if len(t) > maxSKU {
		r.addFaultAt(s.values["sku"], "it is a word such as F64 or P1", "%s is not a SKU", quoteShort(t))
	}
	return ParseSKU(t)
}

func (r *reader) readUses(s section, f Facts) []Use {
	groups, capacities := map[string]bool{}, map[string]bool{}
	for _, g := range f.Groups {
		groups[g.ID] = true
	}
	for _, c := range f.Capacities.value {
		capacities[c.ID] = true
	}
	if !f.Capacities.known {
		capacities = nil // any may be named
	}
	var uses []Use
	seen := firstLines{}
	items, _ := r.readList(s, "uses")
	for _, n := range items {
		u := r.readSection(n, `an item of "uses"`, []string{"guid"}, []string{"designers", "viewers", "capacities", "hosts"})
		use := Use{
			GUID:       r.readGUID(u),
			Designers:  r.readPeople(u, "designers", groups),
			Viewers:    r.readPeople(u, "viewers", groups),
			Capacities: r.readIDs(u, "capacities", "capacities", capacities),
			Hosts:      r.readHosts(u, "hosts"),
		}
		seen.refuseRepeat(r, u.values["guid"], use.GUID.String())
		uses = append(uses, use)
	}
	return uses
}

func (r *reader) readGUID(s section) visual.GUID {
	t, ok := r.readText(s, "guid")
	if !ok {
		return visual.GUID{}
	}
	g, err := visual.ParseGUID(t)
	if err != nil {
		r.addFaultAt(s.values["guid"], "orgstore package list shows the GUIDs of packages", "%v", err)
	}
	return g
}

// readPeople reads a number, or the groups in which people are.
func (r *reader) readPeople(s section, key string, groups map[string]bool) People {
	n := s.values[key]
	if n == nil || n.Kind != yaml.SequenceNode {
		return People{Count: r.readNumber(s, key)}
	}
	if len(n.Content) == 0 {
		r.addFaultAt(n, "write 0 if there are none, or remove the key if that is unknown", "%q names no groups", key)
	}
	ids, _ := r.readIDs(s, key, "groups", groups).Get()
	return People{Groups: ids}
}

// readIDs reads a list of ids, each among those known if any are given.
func (r *reader) readIDs(s section, key, of string, known map[string]bool) Known[[]string] {
	items, given := r.readList(s, key)
	if !given {
		return Known[[]string]{}
	}
	ids := []string{}
	seen := firstLines{}
	for _, n := range items {
		id := r.readIDAt(n, "an item of "+strconv.Quote(key), "an id as Microsoft writes it")
		if id != "" && known != nil && !known[id] {
			r.addFaultAt(n, "add it there, or correct it here", "%s is not among the %s of this file", id, of)
		}
		seen.refuseRepeat(r, n, id)
		ids = append(ids, id)
	}
	return Is(ids)
}

func (r *reader) readHosts(s section, key string) Known[[]string] {
	items, given := r.readList(s, key)
	if !given {
		return Known[[]string]{}
	}
	hosts := []string{}
	seen := firstLines{}
	for _, n := range items {
		h, ok := r.readScalar(n, "an item of "+strconv.Quote(key))
		if ok && (len(h) > maxHost || !hostForm.MatchString(h)) {
			r.addFaultAt(n, "write it as reports.contoso.com: small letters, no scheme, port, path or *; other alphabets as xn--", "%s is not the name of a host", quoteShort(h))
		}
		seen.refuseRepeat(r, n, h)
		hosts = append(hosts, h)
	}
	return Is(hosts)
}

func (r *reader) readNumber(s section, key string) Known[int64] {
	t, ok := r.readText(s, key)
	if !ok {
		return Known[int64]{}
	}
	if !numberForm.MatchString(t) {
		r.addFaultAt(s.values[key], "write digits alone, as 1200; remove the key if the number is unknown", "%s is not a number of people", quoteShort(t))
		return Known[int64]{}
	}
	n, _ := strconv.ParseInt(t, 10, 64) // nine digits at most
	return Is(n)
}

// readDay reads a date, or a time with its zone.
func (r *reader) readDay(s section, key string) time.Time {
	t, ok := r.readText(s, key)
	if !ok {
		return time.Time{}
	}
	for _, form := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(form, t); err == nil && at.Year() >= 2000 {
			return at.UTC()
		}
	}
	r.addFaultAt(s.values[key], "write it as 2026-11-20, or as 2026-11-20T14:30:00Z", "%s is not a date of this century", quoteShort(t))
	return time.Time{}
}

// readID reads an id under a key and returns it in lower case.
func (r *reader) readID(s section, key, form string) string {
	if n := s.values[key]; n != nil {
		return r.readIDAt(n, strconv.Quote(key), form)
	}
	return ""
}

func (r *reader) readIDAt(n *yaml.Node, what, form string) string {
	t, ok := r.readScalar(n, what)
	if !ok {
		return ""
	}
	id := strings.ToLower(t)
	// Tenants, groups and capacities have ids of one form.
	if !license.ValidTenant(id) {
		r.addFaultAt(n, "it has the form 8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11", "%s is not %s", quoteShort(t), form)
		return ""
	}
	return id
}

// firstLines maps what may be said once to the line on which it was.
type firstLines map[string]int

func (o firstLines) refuseRepeat(r *reader, n *yaml.Node, what string) {
	if n == nil || what == "" {
		return
	}
	if line, twice := o[what]; twice {
		r.addFaultAt(n, "keep one of them", "%s is given twice; first at line %d", quoteShort(what), line)
		return
	}
	o[what] = n.Line
}

func (o firstLines) readUniqueID(r *reader, s section) string {
	id := r.readID(s, "id", "an id as Microsoft writes it")
	o.refuseRepeat(r, s.values["id"], id)
	return id
}
