package tenant

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/orgstore/orgstore/packages/license"
)

// ToldName is what the file is called in which facts are kept that the tenant
// itself told, beside the one that people write. It has the same format.
const ToldName = "facts.tenant.yaml"

// ErrorCodeTenant is the code of errors that say: this is another tenant.
const ErrorCodeTenant = "ent.tenant"

// maxPeople is the greatest number a facts file may tell.
const maxPeople = 999_999_999

// Format writes facts as ParseFacts reads them. An error says that it would
// not read them back: facts without a tenant, a date or a source, names that
// Clean would change, or more than a file may hold.
func Format(f Facts) ([]byte, error) {
	w := &writer{}
	w.line("# Told by the tenant, and written anew by each refresh. Write what you know into %s.", FileName)
	w.line("version: 1")
	w.line("tenant: %s", quote(f.ID))
	w.line("as_of: %s", f.AsOf.UTC().Format(time.RFC3339Nano))
	w.line("source: %s", quote(f.Source))
	if len(f.Domains) > 0 {
		w.line("domains: %s", flow(f.Domains))
	}
	if f.Users != (Users{}) {
		w.line("users: %s", mapping{}.number("free", f.Users.Free).number("pro", f.Users.Pro).number("ppu", f.Users.PPU))
	}
	w.groups(f.Groups)
	w.capacities(f.Capacities)
	w.hosts("sites", f.Sites)
	w.settings(f.Settings)
	w.subscriptions(f.Subscriptions)
	w.uses(f.Uses)
	if _, err := ParseFacts(ToldName, w.Bytes()); err != nil {
		return nil, fmt.Errorf("cannot write facts that could not be read again: %w", err)
	}
	return w.Bytes(), nil
}

// A writer writes facts line by line.
type writer struct{ bytes.Buffer }

func (w *writer) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// begin writes the key of a list, and says whether items follow.
func (w *writer) begin(key string, known bool, items int) bool {
	switch {
	case known && items == 0:
		w.line("%s: []", key)
	case known:
		w.line("%s:", key)
	}
	return known && items > 0
}

func (w *writer) groups(groups []Group) {
	w.begin("groups", len(groups) > 0, len(groups))
	for _, g := range groups {
		w.line("  - %s", mapping{}.text("id", g.ID).text("name", g.Name).number("members", g.Members))
	}
}

func (w *writer) capacities(k Known[[]Capacity]) {
	all, known := k.Get()
	w.begin("capacities", known, len(all))
	for _, c := range all {
		w.line("  - %s", mapping{}.text("id", c.ID).text("name", c.Name).text("sku", c.SKU.String()).text("state", c.State).text("region", c.Region))
	}
}

func (w *writer) hosts(key string, k Known[[]string]) {
	if all, known := k.Get(); known {
		w.line("%s: %s", key, flow(all))
	}
}

func (w *writer) settings(k Known[[]Setting]) {
	all, known := k.Get()
	w.begin("settings", known, len(all))
	for _, s := range all {
		w.line("  - { name: %s, enabled: %t, grouped: %t }", quote(s.Name), s.Enabled, s.Grouped)
	}
}

func (w *writer) subscriptions(k Known[[]Subscription]) {
	all, known := k.Get()
	w.begin("subscriptions", known, len(all))
	for _, s := range all {
		w.line("  - %s", mapping{}.text("sku", s.SKU).text("name", s.Name).text("plan", s.Plan).text("state", s.State).
			number("bought", s.Bought).number("assigned", s.Assigned))
	}
}

func (w *writer) uses(uses []Use) {
	w.begin("uses", len(uses) > 0, len(uses))
	for _, u := range uses {
		w.line("  - guid: %s", quote(u.GUID.String()))
		w.people("designers", u.Designers)
		w.people("viewers", u.Viewers)
		w.hosts("    capacities", u.Capacities)
		w.hosts("    hosts", u.Hosts)
	}
}

// people writes a number or, where none is known, groups: a file says either.
func (w *writer) people(key string, p People) {
	if n, ok := p.Count.Get(); ok {
		w.line("    %s: %d", key, n)
	} else if len(p.Groups) > 0 {
		w.line("    %s: %s", key, flow(p.Groups))
	}
}

// A mapping is keys with values on one line; what is unknown is left out.
type mapping []string

func (m mapping) text(key, value string) mapping {
	if value == "" {
		return m
	}
	return append(m, key+": "+quote(value))
}

func (m mapping) number(key string, n Known[int64]) mapping {
	if v, ok := n.Get(); ok {
		return append(m, key+": "+strconv.FormatInt(v, 10))
	}
	return m
}

func (m mapping) String() string { return "{ " + strings.Join(m, ", ") + " }" }

func flow(words []string) string {
	var all []string
	for _, w := range words {
		all = append(all, quote(w))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// quote writes a text in double quotes. What cannot be seen is escaped, so that
// it is refused when read back instead of folded away; bytes that are not UTF-8
// stay, and are refused, too.
func quote(s string) string {
	q := []byte{'"'}
	for at := 0; at < len(s); {
		c, n := utf8.DecodeRuneInString(s[at:])
		switch {
		case c == '"' || c == '\\':
			q = append(q, '\\', byte(c))
		case unicode.IsPrint(c):
			q = append(q, s[at:at+n]...)
		default:
			q = fmt.Appendf(q, `\U%08X`, c)
		}
		at += n
	}
	return string(append(q, '"'))
}

// Clean makes a name that somebody chose fit for a facts file: what cannot be
// seen becomes a blank, and what is too long is cut.
func Clean(name string) string {
	name = strings.Map(func(c rune) rune {
		if c == utf8.RuneError || !unicode.IsPrint(c) {
			return ' '
		}
		return c
	}, name)
	for len(name) > maxText {
		_, last := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-last]
	}
	return strings.TrimSpace(name)
}

// ID reads an id of a tenant, group, capacity or product as Microsoft's
// interfaces write it, in either case, and whether it is one.
func ID(s string) (string, bool) {
	id := strings.ToLower(s)
	return id, license.ValidTenant(id)
}

// Domain says whether a name is one of a host as a facts file spells it.
func Domain(s string) bool { return len(s) <= maxHost && hostForm.MatchString(s) }

// Number makes a count that somebody told a fact; below zero, or beyond what
// counts people on Earth, it says nothing.
func Number(n int64) Known[int64] {
	if n < 0 || n > maxPeople {
		return Known[int64]{}
	}
	return Is(n)
}
