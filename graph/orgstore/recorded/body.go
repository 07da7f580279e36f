package recorded

import (
	"net/url"
	"strings"
)

// body explains what a request carries.
func (e *explainer) body() error {
	x := e.x()
	kind := mediaType(x.bodyType)
	carrier := e.s.cargo != nil && x.carries(e.s.cargo)
	switch {
	case strings.HasPrefix(kind, "multipart/") && (x.hasBody || x.bodyType != ""):
		return e.multipart()
	case !x.hasBody:
		if changing(x) && x.method != "DELETE" {
			e.d.step.Body = &Body{Empty: true}
			e.literalType(kind)
		}
		return nil
	case carrier && x.bytes(e.s.cargo) && !isJSON(kind):
		if kind == "" {
			kind = "application/octet-stream"
		}
		e.d.step.Body = &Body{Bytes: x.bodyType}
		if x.bodyType == "" {
			e.d.step.Body.Bytes = kind
		}
		return nil
	case isJSON(kind), len(x.body) > 0 && (x.body[0] == '{' || x.body[0] == '[') && parseTree(x.body) != nil:
		return e.json()
	case kind == "application/x-www-form-urlencoded":
		return e.form()
	}
	return refuse(codeUnknown, "", "%s carries %s of %d bytes, which is neither the package nor anything that can be understood", e.where(), named(kind), max(x.bodySize, int64(len(x.body))))
}

// literalType keeps the content type of a body that does not say it itself.
func (e *explainer) literalType(kind string) {
	if kind != "" {
		e.d.step.Headers = append(e.d.step.Headers, Pair{"Content-Type", kind})
	}
}

func (e *explainer) json() error {
	t := parseTree(e.x().body)
	if t == nil {
		return refuse(codeUnknown, "save the HAR with content", "%s carries JSON that the browser did not keep whole", e.where())
	}
	write, err := e.template(t)
	if err != nil {
		return err
	}
	e.d.step.Body = &Body{}
	e.literalType(e.x().bodyType)
	e.d.finish = append(e.d.finish, func() { e.d.step.Body.JSON = write() })
	return nil
}

// template explains every leaf of JSON. The function returned writes it once
// steps have names.
func (e *explainer) template(t *tree) (func() string, error) {
	found := map[*tree][]piece{}
	var failed error
	t.walk("", func(p, name string, leaf *tree) {
		if failed != nil {
			return
		}
		if opaque(name) || personal(name) {
			failed = refuse(codeUnknown, "", "%s: a member of the body has a name that looks like data", e.where())
			return
		}
		if !leaf.leaf() {
			return
		}
		pieces, err := e.explain("the body's member "+shown(p), name, leaf.text, leaf)
		if err != nil {
			failed = err
			return
		}
		found[leaf] = pieces
		for _, q := range pieces {
			if q.ref != nil {
				e.d.refs = append(e.d.refs, q.ref)
				q.ref.json = q.ref.json || leaf.kind != '"'
			}
		}
	})
	if failed != nil {
		return nil, failed
	}
	return func() string {
		var b strings.Builder
		t.json(&b, func(_, _ string, leaf *tree) string {
			if pieces := found[leaf]; pieces != nil {
				return quoteJSON(spell(pieces))
			}
			return leaf.raw()
		})
		return b.String()
	}, nil
}

func (e *explainer) form() error {
	var fields []Field
	values := string(e.x().body)
	if values == "" {
		for _, p := range e.x().params {
			values += "&" + p.Name + "=" + p.Value
		}
	}
	var all [][]piece
	for pair := range strings.SplitSeq(strings.TrimPrefix(values, "&"), "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, _ = url.QueryUnescape(name)
		value, _ = url.QueryUnescape(value)
		if opaque(name) || personal(name) {
			return refuse(codeUnknown, "", "%s: a field has a name that looks like data", e.where())
		}
		pieces, err := e.explain("the field "+shown(name), name, value, nil)
		if err != nil {
			return err
		}
		fields, all = append(fields, Field{Name: name}), append(all, pieces)
	}
	e.d.step.Body = &Body{Form: fields}
	for i := range fields {
		e.keep(all[i], &fields[i].Value, spell)
	}
	return nil
}

func (e *explainer) multipart() error {
	parts := e.x().parts()
	if len(parts) == 0 {
		return refuse(codeLearn, "record with another browser, such as Firefox, which keeps the parts", "%s carries parts (multipart), and the browser kept none of them in the recording", e.where())
	}
	fields := make([]Field, len(parts))
	for i, p := range parts {
		f := &fields[i]
		f.Name, f.Type = p.name, p.kind
		if opaque(p.name) || personal(p.name) || opaque(p.kind) {
			return refuse(codeUnknown, "", "%s: a part has a name that looks like data", e.where())
		}
		switch {
		case p.isFile && e.s.cargo != nil && p.file == e.s.cargo.is["name"]:
			f.File = "${package name}"
			e.d.refs = append(e.d.refs, &ref{from: fromPackage, kind: "name", x: -1})
		case p.isFile && p.file == "" && p.value == "":
			return refuse(codeUnknown, "", "%s: the part %s is an empty file", e.where(), shown(p.name))
		case p.isFile && !isJSON(mediaType(p.kind)):
			return refuse(codeUnknown, "choose no other file, such as an icon, while recording", "%s: the part %s is a file, and not the package given", e.where(), shown(p.name))
		default:
			if err := e.part(p, f); err != nil {
				return err
			}
		}
	}
	e.d.step.Body = &Body{Parts: fields}
	return nil
}

// part explains a part that is a value, or JSON.
func (e *explainer) part(p part, f *Field) error {
	if t := parseTree([]byte(p.value)); t != nil && !t.leaf() {
		write, err := e.template(t)
		if err == nil {
			e.d.finish = append(e.d.finish, func() { f.JSON = write() })
		}
		return err
	}
	pieces, err := e.explain("the part "+shown(p.name), p.name, p.value, nil)
	if err == nil {
		e.keep(pieces, &f.Value, spell)
	}
	return err
}
