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
	w.writeLine("# Told by the tenant, and written anew by each refresh. Write what you know into %s.", FileName)
	w.writeLine("version: 1")
	w.writeLine("tenant: %s", quoteYAML(f.ID))
	w.writeLine("as_of: %s", f.AsOf.UTC().Format(time.RFC3339Nano))
	w.writeLine("source: %s", quoteYAML(f.Source))
	if len(f.Domains) > 0 {
		w.writeLine("domains: %s", flowList(f.Domains))
	}
	if f.Users != (Users{}) {
		w.writeLine("users: %s", mapping{}.addNumber("free", f.Users.Free).addNumber("pro", f.Users.Pro).addNumber("ppu", f.Users.PPU))
	}
	w.writeGroups(f.Groups)
	w.writeCapacities(f.Capacities)
	w.writeHosts("sites", f.Sites)
	w.writeSettings(f.Settings)
	w.writeSubscriptions(f.Subscriptions)
	w.writeUses(f.Uses)
	if _, err := ParseFacts(ToldName, w.Bytes()); err != nil {
		return nil, fmt.Errorf("cannot write facts that could not be read again: %w", err)
	}
	return w.Bytes(), nil
}

// A writer writes facts line by line.
type writer struct{ bytes.Buffer }

func (w *writer) writeLine(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// beginList writes the key of a list, and says whether items follow.
func (w *writer) beginList(key string, known bool, items int) bool {
	switch {
	case known && items == 0:
		w.writeLine("%s: []", key)
	case known:
		w.writeLine("%s:", key)
	}
	return known && items > 0
}

func (w *writer) writeGroups(groups []Group) {
	w.beginList("groups", len(groups) > 0, len(groups))
	for _, g := range groups {
		w.writeLine("  - %s", mapping{}.addText("id", g.ID).addText("name", g.Name).addNumber("members", g.Members))
	}
}

func (w *writer) writeCapacities(k Known[[]Capacity]) {
	all, known := k.Get()
	w.beginList("capacities", known, len(all))
	for _, c := range all {
		w.writeLine("  - %s", mapping{}.addText("id", c.ID).addText("name", c.Name).addText("sku", c.SKU.String()).addText("state", c.State).addText("region", c.Region))
	}
}

func (w *writer) writeHosts(key string, k Known[[]string]) {
	if all, known := k.Get(); known {
		w.writeLine("%s: %s", key, flowList(all))
	}
}

func (w *writer) writeSettings(k Known[[]Setting]) {
	all, known := k.Get()
	w.beginList("settings", known, len(all))
	for _, s := range all {
		w.writeLine("  - { name: %s, enabled: %t, grouped: %t }", quoteYAML(s.Name), s.Enabled, s.Grouped)
	}
}

func (w *writer) writeSubscriptions(k Known[[]Subscription]) {
	all, known := k.Get()
	w.beginList("subscriptions", known, len(all))
	for _, s := range all {
		w.writeLine("  - %s", mapping{}.addText("sku", s.SKU).addText("name", s.Name).addText("plan", s.Plan).addText("state", s.State).
			addNumber("bought", s.Bought).addNumber("assigned", s.Assigned))
	}
}

func (w *writer) writeUses(uses []Use) {
	w.beginList("uses", len(uses) > 0, len(uses))
	for _, u := range uses {
		w.writeLine("  - guid: %s", quoteYAML(u.GUID.String()))
		w.writePeople("designers", u.Designers)
		w.writePeople("viewers", u.Viewers)
		w.writeHosts("    capacities", u.Capacities)
		w.writeHosts("    hosts", u.Hosts)
	}
}

// writePeople writes a number or, where none is known, groups: a file says either.
func (w *writer) writePeople(key string, p People) {
	if n, ok := p.Count.Get(); ok {
		w.writeLine("    %s: %d", key, n)
	} else if len(p.Groups) > 0 {
		w.writeLine("    %s: %s", key, flowList(p.Groups))
	}
}

// A mapping is keys with values on one line; what is unknown is left out.
type mapping []string

func (m mapping) addText(key, value string) mapping {
	if value == "" {
		return m
	}
	return append(m, key+": "+quoteYAML(value))
}

func (m mapping) addNumber(key string, n Known[int64]) mapping {
	if v, ok := n.Get(); ok {
		return append(m, key+": "+strconv.FormatInt(v, 10))
	}
	return m
}

func (m mapping) String() string { return "{ " + strings.Join(m, ", ") + " }" }

func flowList(words []string) string {
	var all []string
	for _, w := range words {
		all = append(all, quoteYAML(w))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// quoteYAML writes a text in double quotes. What cannot be seen is escaped, so that
// it is refused when read back instead of folded away; bytes that are not UTF-8
// stay, and are refused, too.
func quoteYAML(s string) string {
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
