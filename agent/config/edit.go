package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/pin"
)

// ErrNotListed is what RemovePin answers for a visual the file does not list.
var ErrNotListed = errors.New("the settings file does not list this visual")

// SetPin returns a settings file with a visual's pin set; a visual that the
// file does not list is added at the end of the list. Every other byte stays as
// it was. Nothing is returned that reads as anything else than asked for: where
// the file is at fault, or written so that it cannot be edited, the error is of
// type Faults.
func SetPin(b []byte, guid, to string) ([]byte, error) {
	g, err := visual.ParseName(guid)
	if err != nil {
		return nil, err
	}
	p, err := pin.Parse(to)
	if err != nil {
		return nil, err
	}
	e, err := newEditor(b)
	if err != nil {
		return nil, err
	}
	want := e.written
	i := slices.IndexFunc(e.before.Visuals, func(v Visual) bool { return v.GUID == g })
	if i < 0 {
		want.Visuals = append(slices.Clone(want.Visuals), visualEntry{GUID: guidText(written(g.String())), Pin: pinText(written(p.String()))})
		err = e.appendTo(e.root, "visuals", fields{{"guid", plainOrQuoted(g.String())}, {"pin", quoted(p.String())}})
		return e.finish(want, err)
	}
	if e.before.Visuals[i].Pin.String() == p.String() {
		return b, nil
	}
	want.Visuals = slices.Clone(want.Visuals)
	want.Visuals[i].Pin = pinText(written(p.String()))
	_, list := lookup(e.root, "visuals")
	_, old := lookup(list.Content[i], "pin")
	return e.finish(want, e.replaceScalar(old, p.String()))
}

// RemovePin returns a settings file without a visual, its comments included
// that stand inside its item or on its lines. Errors are those of SetPin, and
// ErrNotListed.
func RemovePin(b []byte, guid string) ([]byte, error) {
	g, err := visual.ParseName(guid)
	if err != nil {
		return nil, err
	}
	e, err := newEditor(b)
	if err != nil {
		return nil, err
	}
	want := e.written
	i := slices.IndexFunc(e.before.Visuals, func(v Visual) bool { return v.GUID == g })
	if i < 0 {
		return nil, fmt.Errorf("cannot remove the pin of %s: %w", g, ErrNotListed)
	}
	want.Visuals = slices.Delete(slices.Clone(want.Visuals), i, i+1)
	key, list := lookup(e.root, "visuals")
	return e.finish(want, e.removeItem(key, list, i))
}

// AddVendor returns a settings file with a vendor added at the end of the list.
// The bundle's path is written as it is given. Errors are those of SetPin; a
// vendor that the file has already is one of them.
func AddVendor(b []byte, v Vendor) ([]byte, error) {
	e, err := newEditor(b)
	if err != nil {
		return nil, err
	}
	if v.Enforced == "" {
		v.Enforced = defaultEnforced
	}
	guids := make(flowList, len(v.GUIDs))
	entry := vendorEntry{
		Name: label(written(v.Name)), Bundle: folderPath(written(v.Bundle)), Fingerprint: fingerprint(written(v.Fingerprint)),
		Enforced: enforcement(written(string(v.Enforced))),
	}
	for i, g := range v.GUIDs {
		guids[i] = plainOrQuoted(g.String())
		entry.GUIDs = append(entry.GUIDs, guidText(written(g.String())))
	}
	item := fields{
		{"name", plainOrQuoted(v.Name)},
		{"bundle", plainOrQuoted(v.Bundle)},
		{"fingerprint", quoted(v.Fingerprint)},
		{"guids", guids},
		{"enforced", scalar(v.Enforced)},
	}
	want := e.written
	want.Trust.Vendors = append(slices.Clone(want.Trust.Vendors), entry)
	return e.finish(want, e.appendToTrust("vendors", item))
}

// AddAttester returns a settings file with one more person, or one more key of
// a person, who may attest. Errors are those of SetPin; a key that the file has
// already is one of them.
func AddAttester(b []byte, a Attester) ([]byte, error) {
	e, err := newEditor(b)
	if err != nil {
		return nil, err
	}
	want := e.written
	entry := attesterEntry{Name: label(written(a.Name)), Key: publicKey(written(a.Key.Text()))}
	item := fields{{"name", plainOrQuoted(a.Name)}, {"key", quoted(a.Key.Text())}}
	if a.Account != "" {
		entry.Account = label(written(a.Account))
		item = append(item, fields{{"account", plainOrQuoted(a.Account)}}...)
	}
	want.Trust.Attesters = append(slices.Clone(want.Trust.Attesters), entry)
	return e.finish(want, e.appendToTrust("attesters", item))
}

// appendToTrust adds an item to a list under trust, which may not be there yet.
func (e *editor) appendToTrust(list string, item fields) error {
	key, trust := lookup(e.root, "trust")
	switch {
	case trust == nil:
		return e.addKey(e.root, "trust", fields{{list, items{item}}})
	case isNull(trust):
		return e.fillNull(e.root, key, trust, fields{{list, items{item}}})
	}
	return e.appendTo(trust, list, item)
}

// An editor changes the text of one settings file by the places of its nodes.
type editor struct {
	source
	written file     // as it is before the edits
	before  Settings // what that means
	root    *yaml.Node
	eol     string
	// step is how far the file indents.
	step int
	// edits do not overlap; they are applied from the last to the first.
	edits []replacement
}

type replacement struct {
	from, to int // offsets
	with     string
}

func newEditor(b []byte) (*editor, error) {
	f, before, err := parse(FileName, b)
	if err != nil {
		return nil, err
	}
	e := &editor{source: newSource(FileName, b), written: f, before: before, eol: "\n", step: 2}
	var doc yaml.Node
	if err := yaml.Load(b, &doc); err != nil {
		return nil, fmt.Errorf("cannot read the settings file again: %w", err)
	}
	e.root = doc.Content[0]
	if len(e.lines) > 1 && e.lines[1] >= 2 && b[e.lines[1]-2] == '\r' {
		e.eol = "\r\n"
	}
	for i := 1; i < len(e.root.Content); i += 2 {
		if n := e.root.Content[i]; isBlock(n) && n.Kind == yaml.MappingNode && n.Line > e.root.Content[i-1].Line {
			e.step = n.Column - e.root.Column
			break
		}
	}
	return e, nil
}

// finish applies the edits and returns the text only if it reads as wanted.
func (e *editor) finish(want file, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	slices.SortFunc(e.edits, func(a, b replacement) int { return b.from - a.from })
	out := slices.Clone(e.text)
	for _, r := range e.edits {
		out = slices.Replace(out, r.from, r.to, []byte(r.with)...)
	}
	after, _, err := parse(FileName, out)
	if err != nil {
		return nil, err
	}
	if !same(after, want) {
		return nil, e.refuse(e.root, "the settings file is written in a way that cannot be edited here")
	}
	return out, nil
}

// same says whether two files say the same, names of visuals included.
func same(a, b file) bool {
	name := func(v, w visualEntry) bool { return v.GUID.value == w.GUID.value && v.Name.value == w.Name.value }
	return digestOf(a) == digestOf(b) && slices.EqualFunc(a.Visuals, b.Visuals, name)
}

// written is a text that an edit puts into the file.
func written(s string) text { return text{s, &yaml.Node{}} }

// refuse says that a place cannot be edited.
func (e *editor) refuse(n *yaml.Node, message string) error {
	return Faults{e.fault(n.Line, n.Column, message, "change it by hand in an editor")}
}

func (e *editor) replace(from, to int, with string) {
	e.edits = append(e.edits, replacement{from, to, with})
}

func (e *editor) replaceScalar(n *yaml.Node, value string) error {
	end, err := e.end(n)
	if err != nil {
		return err
	}
	with := string(quoted(value))
	if n.Style&yaml.SingleQuotedStyle != 0 {
		with = "'" + strings.ReplaceAll(value, "'", "''") + "'"
	}
	e.replace(e.offset(n.Line, n.Column), end, with)
	return nil
}

// appendTo adds an item to the end of the list under a key of a mapping.
func (e *editor) appendTo(parent *yaml.Node, name string, item fields) error {
	key, list := lookup(parent, name)
	switch {
	case list == nil:
		return e.addKey(parent, name, items{item})
	case isNull(list):
		return e.fillNull(parent, key, list, items{item})
	case len(list.Content) == 0 && isBlock(parent):
		return e.fillEmpty(parent, list, items{item})
	case !isBlock(list):
		return e.appendFlow(list, item.flow(e.quotesKeys(parent)))
	}
	last := list.Content[len(list.Content)-1]
	dash, gap := list.Column-1, 2
	at, err := e.lineAfter(last.Line, list.Column)
	if err != nil {
		return err
	}
	text := item.flow(false)
	if isBlock(last) {
		if d := last.Column - list.Column; d >= 2 && e.text[e.offset(last.Line, list.Column)] == '-' {
			gap = d
		}
		text = item.block(dash+gap, e.step, e.eol)[dash+gap:]
	} else {
		text += e.eol
	}
	e.insertLines(at, spaces(dash)+"-"+spaces(gap-1)+text)
	return nil
}

// addKey adds a key to the end of a mapping.
func (e *editor) addKey(parent *yaml.Node, name string, v value) error {
	f := fields{{name, v}}
	if !isBlock(parent) {
		return e.appendFlow(parent, f.flowInside(e.quotesKeys(parent)))
	}
	at, err := e.lineAfter(parent.Line, parent.Column-1)
	if err != nil {
		return err
	}
	e.insertLines(at, f.block(parent.Column-1, e.step, e.eol))
	return nil
}

// fillNull gives a value to a key that has none.
func (e *editor) fillNull(parent, key, null *yaml.Node, v value) error {
	if !isBlock(parent) {
		return e.refuse(key, fmt.Sprintf("%q has no value here, inside braces", key.Value))
	}
	if null.Value != "" {
		return e.fillEmpty(parent, null, v)
	}
	e.insertLines(e.lineEnd(key.Line), v.block(parent.Column-1+e.step, e.step, e.eol))
	return nil
}

// fillEmpty puts a block in place of an empty list or a null that is written out.
func (e *editor) fillEmpty(parent, empty *yaml.Node, v value) error {
	from := e.offset(empty.Line, empty.Column)
	to, err := e.end(empty)
	if err != nil {
		return err
	}
	if slices.Contains(e.text[from:to], '#') {
		return e.refuse(empty, "this empty list has a comment inside")
	}
	for from > 0 && e.text[from-1] == ' ' {
		from--
	}
	e.replace(from, to, "")
	line, _ := e.place(to)
	e.insertLines(e.lineEnd(line), v.block(parent.Column-1+e.step, e.step, e.eol))
	return nil
}

// appendFlow adds text to the end of a list or mapping in brackets.
func (e *editor) appendFlow(n *yaml.Node, text string) error {
	if len(n.Content) == 0 {
		at := e.offset(n.Line, n.Column) + 1
		e.replace(at, at, text)
		return nil
	}
	at, err := e.end(n.Content[len(n.Content)-1])
	if err != nil {
		return err
	}
	e.replace(at, at, ", "+text)
	return nil
}

// removeItem takes one item out of the list under a key.
func (e *editor) removeItem(key, list *yaml.Node, i int) error {
	item := list.Content[i]
	if isBlock(list) {
		to, err := e.lineAfter(item.Line, list.Column)
		if err != nil {
			return err
		}
		first := e.dashLine(item.Line, list.Column)
		e.replace(e.lines[first-1], to, "")
		if len(list.Content) > 1 {
			return nil
		}
		at, err := e.end(key)
		if err != nil {
			return err
		}
		e.replace(at+1, at+1, " []") // after the colon
		return nil
	}
	from := e.offset(item.Line, item.Column)
	to, err := e.end(item)
	if err != nil {
		return err
	}
	rest := bytes.TrimLeft(e.text[to:], " ")
	switch {
	case i+1 < len(list.Content):
		next := list.Content[i+1]
		to = e.offset(next.Line, next.Column)
	case bytes.HasPrefix(rest, []byte(",")):
		to = len(e.text) - len(rest) + 1
	case i > 0:
		for e.text[from-1] == ' ' || e.text[from-1] == ',' {
			from--
		}
	}
	e.replace(from, to, "")
	return nil
}

// quotesKeys says whether a file in brackets quotes its keys, as JSON does.
func (e *editor) quotesKeys(parent *yaml.Node) bool {
	return len(parent.Content) > 0 && parent.Content[0].Style&yaml.DoubleQuotedStyle != 0
}

// lookup returns a key of a mapping and its value; nil where it has none.
func lookup(mapping *yaml.Node, name string) (key, value *yaml.Node) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			return mapping.Content[i], mapping.Content[i+1]
		}
	}
	return nil, nil
}

func isBlock(n *yaml.Node) bool {
	return (n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode) && n.Style&yaml.FlowStyle == 0
}
