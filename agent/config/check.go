package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/approval"
	"github.com/orgstore/orgstore/policies/pin"
	"github.com/orgstore/orgstore/policies/plan"
)

// Where the file says nothing.
const (
	defaultData     = ".orgstore"
	defaultLeast    = license.Attested
	defaultEnforced = license.ByPackage
)

// Who licenses a visual, and by which way it is installed.
const (
	byVendor = "vendor"
	byHybrid = "hybrid"
)

// maxLabel bounds names of vendors and visuals, in bytes.
const maxLabel = 200

// The forms of ids, as Microsoft and this program print them.
var (
	tenantForm      = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	fingerprintForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// check turns a file as written into settings and says what its values mean
// wrongly. Where values are at fault the settings returned are incomplete.
func (r *reader) check(f file) Settings {
	s := Settings{
		File:       r.name,
		Tenant:     r.tenant(text(f.Tenant)),
		Data:       r.path(text(f.Data)),
		Library:    r.library(f.Library),
		Trust:      Trust{r.grade(text(f.Trust.Least)), r.longestTerm(text(f.Trust.LongestTerm)), r.vendors(f.Trust.Vendors), r.attesters(f.Trust.Attesters)},
		Packages:   Packages{r.truth(text(f.Packages.Tolerant))},
		Checkpoint: r.path(text(f.Audit.Checkpoint)),
		Cloud:      r.cloud(text(f.Cloud)),
		Endpoints:  r.endpoints(f.Endpoints),
		SignIn:     r.signIn(f.SignIn),
		Network:    Network{r.proxy(text(f.Network.Proxy)), r.path(text(f.Network.CA))},
		Windows:    r.windows(f.Windows),
		Freezes:    r.freezes(f.Freezes),
		Agent:      r.agent(f.Agent),
		Notify:     r.notify(f.Notify),
		Check:      r.checkAfter(f.Check),
	}
	s.Rules = r.rules(f.Rules)
	s.Examples = r.examples(f.RuleExamples, s.Rules)
	s.Stores, s.Rings = r.stores(f, s.Tenant)
	groups := r.groups(f.Approvals.Groups)
	all := r.approvals(f.Approvals, groups)
	s.Visuals = r.visuals(f.Visuals, s, func(e visualEntry) approval.Policy { return r.approved(e, all, groups) })
	if v := text(f.Version); v.given() && v.value != "1" {
		r.addAt(v.node, "this is a settings file of version "+quote(v.value)+"; this orgstore reads version 1", "write version: 1, or install the orgstore that the file was written for")
	}
	if !text(f.Data).given() {
		s.Data = defaultData
	}
	if !text(f.Trust.Least).given() {
		s.Trust.Least = defaultLeast
	}
	r.apart(f, s)
	if len(r.found) > 0 {
		return Settings{}
	}
	s.digest = digestOf(f)
	return s.resolved(filepath.Dir(r.name))
}

func (r *reader) tenant(t text) string {
	if t.given() && !tenantForm.MatchString(t.value) {
		r.addAt(t.node, quote(t.value)+" is not a tenant id",
			"it has the form 8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11; the Azure portal shows it as Directory (tenant) ID")
	}
	return strings.ToLower(t.value)
}

// longestTerm reads how long a license may last: at least a day.
func (r *reader) longestTerm(t text) time.Duration {
	d := r.period(t, license.DefaultLongestTerm)
	if valid, is := parsePeriod(t.value); is && valid < 24*time.Hour {
		r.addAt(t.node, "longest_term must be at least a day", "licenses usually last a year: 400d is usual")
	}
	return d
}

// path checks a path and returns it as it is written.
func (r *reader) path(t text) string {
	switch {
	case !t.given():
	case strings.ContainsAny(t.value, "\x00\t\r\n"):
		r.addAt(t.node, quote(t.value)+" is not a path: it has a tab, a line break or a zero in it", "inside double quotes write each \\ twice, or use /")
	case t.value == "~" || strings.HasPrefix(t.value, "~/") || strings.HasPrefix(t.value, `~\`):
		r.addAt(t.node, quote(t.value)+" begins with ~, which only shells understand", "write the path out")
	}
	return t.value
}

// oneOf checks that a word is one of those known.
func (r *reader) oneOf(t text, known ...string) string {
	if t.given() && !slices.Contains(known, t.value) {
		hint := "known here: " + strings.Join(known, ", ")
		if near := nearest(t.value, known); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		r.addAt(t.node, quote(t.value)+" is not known here", hint)
	}
	return t.value
}

func (r *reader) grade(t text) license.Grade {
	return license.Grade(r.oneOf(t, string(license.Signed), string(license.Attested), string(license.Readable)))
}

func (r *reader) truth(t text) bool {
	if t.given() && t.value != "true" && t.value != "false" {
		r.addAt(t.node, quote(t.value)+" is neither true nor false", "")
	}
	return t.value == "true"
}

func (r *reader) label(t text) string {
	switch {
	case !t.given():
	case strings.TrimSpace(t.value) != t.value || strings.ContainsAny(t.value, "\t\r\n"):
		r.addAt(t.node, "the name "+quote(t.value)+" begins or ends with a space, or has a line break", "")
	case len(t.value) > maxLabel:
		r.addAt(t.node, fmt.Sprintf("a name has %d bytes; at most %d are allowed", len(t.value), maxLabel), "")
	}
	return t.value
}

func (r *reader) guid(t text) visual.GUID {
	if !t.given() {
		return visual.GUID{}
	}
	g, err := visual.ParseGUID(t.value)
	if err != nil {
		r.addAt(t.node, err.Error(), "orgstore package list shows the GUIDs of packages")
	}
	return g
}

func (r *reader) fingerprint(t text) string {
	if t.given() && !fingerprintForm.MatchString(t.value) {
		r.addAt(t.node, quote(t.value)+" is not a fingerprint", "it is sha256: and 64 lower-case hex digits, as orgstore trust add and the vendor show it")
	}
	return t.value
}

func (r *reader) vendors(entries []vendorEntry) []Vendor {
	var vendors []Vendor
	names, speaker := map[string]*yaml.Node{}, map[visual.GUID]string{}
	for _, e := range entries {
		v := Vendor{
			Name:        r.label(text(e.Name)),
			Bundle:      r.path(text(e.Bundle)),
			Fingerprint: r.fingerprint(text(e.Fingerprint)),
			Enforced:    license.Enforced(r.oneOf(text(e.Enforced), string(license.ByPackage), string(license.ByStatement))),
		}
		if !text(e.Enforced).given() {
			v.Enforced = defaultEnforced
		}
		if first := names[v.Name]; first != nil {
			r.addAt(e.Name.node, fmt.Sprintf("the vendor %q is given twice; first at line %d", v.Name, first.Line), "keep one of them")
		} else if text(e.Name).given() {
			names[v.Name] = e.Name.node
		}
		for _, t := range e.GUIDs {
			g := r.guid(text(t))
			if other, taken := speaker[g]; taken && !g.IsZero() {
				r.addAt(t.node, fmt.Sprintf("%s is given to the vendor %q already", g, other), "one vendor speaks for a visual")
				continue
			}
			speaker[g] = v.Name
			v.GUIDs = append(v.GUIDs, g)
		}
		vendors = append(vendors, v)
	}
	return vendors
}

// attesters reads who may attest. A key is there once, under one name: whose
// word an attestation is must have one answer.
func (r *reader) attesters(entries []attesterEntry) []Attester {
	var attesters []Attester
	names, keys := map[string]*yaml.Node{}, map[string]*yaml.Node{}
	for _, e := range entries {
		a := Attester{Name: r.label(text(e.Name)), Account: r.label(text(e.Account))}
		if t := text(e.Key); t.given() {
			var err error
			a.Key, err = license.ParseKey(t.value, license.UseAttestation)
			switch public := string(a.Key.Public); {
			case err != nil:
				r.addAt(t.node, "this is not the public half of a key: "+shortened(err.Error(), 2*maxQuoted), "copy it from orgstore trust keygen, which prints it as NAME:ALGORITHM:KEY")
			case keys[public] != nil:
				r.addAt(t.node, fmt.Sprintf("this key is given twice; first at line %d", keys[public].Line), "keep one of them")
			case names[a.Key.ID] != nil:
				r.addAt(t.node, fmt.Sprintf("a key called %q is given twice; first at line %d", a.Key.ID, names[a.Key.ID].Line), "keep one of them")
			default:
				keys[public], names[a.Key.ID] = t.node, t.node
			}
		}
		attesters = append(attesters, a)
	}
	return attesters
}

func (r *reader) visuals(entries []visualEntry, s Settings, approved func(visualEntry) approval.Policy) []Visual {
	var visuals []Visual
	seen := map[visual.GUID]*yaml.Node{}
	for _, e := range entries {
		v := Visual{GUID: r.guid(text(e.GUID)), Least: r.grade(text(e.Least)), Name: r.label(text(e.Name))}
		if first := seen[v.GUID]; first != nil {
			r.addAt(e.GUID.node, fmt.Sprintf("the visual %s is given twice; first at line %d", v.GUID, first.Line), "keep one of them")
		} else if !v.GUID.IsZero() {
			seen[v.GUID] = e.GUID.node
		}
		if t := text(e.Pin); t.given() {
			p, err := pin.Parse(t.value)
			if err != nil {
				r.addAt(t.node, err.Error(), pinHint(t, err))
			}
			v.Pin = p
		}
		r.scheduled(e, s.Windows, &v)
		v.Approvals = approved(e)
		v.Rings = r.visualRings(e, s)
		v.Drift = plan.DriftMode(r.oneOf(text(e.Drift), string(plan.DriftReport), string(plan.DriftAdopt), string(plan.DriftRestore)))
		v.Check = r.checkAfter(e.Check)
		v.Hybrid = r.oneOf(text(e.Licensing), byVendor, byHybrid) == byHybrid
		visuals = append(visuals, v)
	}
	return visuals
}

// refused adds what a reader refused, with its hint.
func (r *reader) refused(t text, err error) {
	hint := ""
	if refusal := (*verdict.Refusal)(nil); errors.As(err, &refusal) {
		hint = refusal.Findings[0].Hint
	}
	r.addAt(t.node, err.Error(), hint)
}

// pinHint says how to write a pin. A number without quotes is read as it is
// written, but editors and other YAML readers drop the zero of 1.10.
func pinHint(t text, err error) string {
	var refusal *verdict.Refusal
	switch {
	case t.node.Tag == "!!int" || t.node.Tag == "!!float":
		return `write a version, in quotes: pin: "1.10"`
	case errors.As(err, &refusal):
		return refusal.Findings[0].Hint
	}
	return ""
}

// maxQuoted bounds how much of a value a message repeats, in bytes.
const maxQuoted = 80

// quote quotes a value for a message.
func quote(s string) string { return fmt.Sprintf("%q", shortened(s, maxQuoted)) }

// shortened cuts a text that a message repeats to so many bytes.
func shortened(s string, most int) string {
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// apart checks that archive and journal, library and store are folders of their
// own: a store inside the library would be taken in as new packages. Case does
// not count, since it does not on Windows and macOS.
func (r *reader) apart(f file, s Settings) {
	type place struct {
		key, path string
		node      *yaml.Node
	}
	places := []place{{"data", s.Data, f.Data.node}, {"library", s.Library.Folder, f.Library.Folder.node}}
	for _, t := range s.Stores {
		section := f.Store
		if !f.single() {
			section = f.Stores[t.Name]
		}
		places = append(places, place{t.Name, t.Path, section.Path.node})
	}
	for i, p := range places {
		for _, q := range places[:i] {
			if p.path == "" || q.path == "" || p.node == nil {
				continue
			}
			a, b := folded(p.path), folded(q.path)
			if a == b || strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, a+"/") || b == "." || a == "." {
				r.addAt(p.node, fmt.Sprintf("the %s folder %q and the %s folder %q are not apart from each other", p.key, p.path, q.key, q.path), "give each a folder of its own, none inside another")
			}
		}
	}
}

func folded(path string) string {
	return strings.ToLower(filepath.ToSlash(filepath.Clean(filepath.FromSlash(path))))
}

// resolved returns the settings with paths taken from a folder.
func (s Settings) resolved(folder string) Settings {
	from := func(p string) string {
		if p == "" {
			return ""
		}
		p = filepath.FromSlash(p)
		if filepath.IsAbs(p) {
			return filepath.Clean(p)
		}
		return filepath.Join(folder, p)
	}
	s.Data, s.Library.Folder = from(s.Data), from(s.Library.Folder)
	for i := range s.Stores {
		s.Stores[i].Path, s.Stores[i].Recipe = from(s.Stores[i].Path), from(s.Stores[i].Recipe)
	}
	for _, p := range []*string{&s.SignIn.Certificate, &s.SignIn.PasswordFile, &s.SignIn.SecretFile, &s.SignIn.TokenFile, &s.Network.CA, &s.Checkpoint, &s.Agent.Heartbeat.File, &s.Agent.Socket} {
		*p = from(*p)
	}
	s.Check.resolve(from)
	for i := range s.Visuals {
		s.Visuals[i].Check.resolve(from)
	}
	for i := range s.Notify {
		s.Notify[i].resolve(from)
	}
	for i := range s.Trust.Vendors {
		s.Trust.Vendors[i].Bundle = from(s.Trust.Vendors[i].Bundle)
	}
	return s
}
