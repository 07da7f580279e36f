package learn

import (
	"net/url"
	"strings"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/jsontree"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/redact"
)

// body explains what a request carries.
func (e *explainer) body() error {
	x := e.x()
	kind := recipe.ParseMediaType(x.bodyType)
	carrier := e.s.upload != nil && x.carries(e.s.upload)
	switch {
	case strings.HasPrefix(kind, "multipart/") && (x.hasBody || x.bodyType != ""):
		return e.multipart()
	case !x.hasBody:
		if changing(x) && x.method != "DELETE" {
			e.d.step.Body = &recipe.Body{Empty: true}
			e.literalType(kind)
		}
		return nil
	case carrier && x.bytes(e.s.upload) && !recipe.IsJSON(kind):
		if kind == "" {
			kind = "application/octet-stream"
		}
		e.d.step.Body = &recipe.Body{Bytes: x.bodyType}
		if x.bodyType == "" {
			e.d.step.Body.Bytes = kind
		}
		return nil
	case recipe.IsJSON(kind), len(x.body) > 0 && (x.body[0] == '{' || x.body[0] == '[') && jsontree.Parse(x.body) != nil:
		return e.json()
	case kind == "application/x-www-form-urlencoded":
		return e.form()
	}
	return refuse(codeUnknown, "", "%s carries %s of %d bytes, which is neither the package nor anything that can be understood", e.where(), recipe.DescribeMediaType(kind), max(x.bodySize, int64(len(x.body))))
}

// literalType keeps the content type of a body that does not say it itself.
func (e *explainer) literalType(kind string) {
	if kind != "" {
		e.d.step.Headers = append(e.d.step.Headers, recipe.Pair{Name: "Content-Type", Value: kind})
	}
}

func (e *explainer) json() error {
	t := jsontree.Parse(e.x().body)
	if t == nil {
		return refuse(codeUnknown, "save the HAR with content", "%s carries JSON that the browser did not keep whole", e.where())
	}
	write, err := e.template(t)
	if err != nil {
		return err
	}
	e.d.step.Body = &recipe.Body{}
	e.literalType(e.x().bodyType)
	e.d.finish = append(e.d.finish, func() { e.d.step.Body.JSON = write() })
	return nil
}

// template explains every leaf of JSON. The function returned writes it once
// steps have names.
func (e *explainer) template(t *jsontree.Node) (func() string, error) {
	found := map[*jsontree.Node][]piece{}
	var failed error
	t.Walk("", func(p, name string, leaf *jsontree.Node) {
		if failed != nil {
			return
		}
		if redact.LooksRandom(name) || redact.LooksPersonal(name) {
			failed = refuse(codeUnknown, "", "%s: a member of the body has a name that looks like data", e.where())
			return
		}
		if !leaf.IsLeaf() {
			return
		}
		pieces, err := e.explain("the body's member "+redact.Printable(p), name, leaf.Text, leaf)
		if err != nil {
			failed = err
			return
		}
		found[leaf] = pieces
		for _, q := range pieces {
			if q.ref != nil {
				e.d.refs = append(e.d.refs, q.ref)
				q.ref.JSON = q.ref.JSON || leaf.Kind != '"'
			}
		}
	})
	if failed != nil {
		return nil, failed
	}
	return func() string {
		var b strings.Builder
		t.Write(&b, func(_, _ string, leaf *jsontree.Node) string {
			if pieces := found[leaf]; pieces != nil {
				return jsontree.Quote(writeTemplate(pieces))
			}
			return leaf.LeafJSON()
		})
		return b.String()
	}, nil
}

func (e *explainer) form() error {
	var fields []recipe.Field
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
		if redact.LooksRandom(name) || redact.LooksPersonal(name) {
			return refuse(codeUnknown, "", "%s: a field has a name that looks like data", e.where())
		}
		pieces, err := e.explain("the field "+redact.Printable(name), name, value, nil)
		if err != nil {
			return err
		}
		fields, all = append(fields, recipe.Field{Name: name}), append(all, pieces)
	}
	e.d.step.Body = &recipe.Body{Form: fields}
	for i := range fields {
		e.keep(all[i], &fields[i].Value, writeTemplate)
	}
	return nil
}

func (e *explainer) multipart() error {
	parts := e.x().parts()
	if len(parts) == 0 {
		return refuse(codeLearn, "record with another browser, such as Firefox, which keeps the parts", "%s carries parts (multipart), and the browser kept none of them in the recording", e.where())
	}
	fields := make([]recipe.Field, len(parts))
	for i, p := range parts {
		f := &fields[i]
		f.Name, f.Type = p.name, p.kind
		if redact.LooksRandom(p.name) || redact.LooksPersonal(p.name) || redact.LooksRandom(p.kind) {
			return refuse(codeUnknown, "", "%s: a part has a name that looks like data", e.where())
		}
		switch {
		case p.isFile && e.s.upload != nil && p.file == e.s.upload.Values["name"]:
			f.File = "${package name}"
			e.d.refs = append(e.d.refs, packageRef("name"))
		case p.isFile && p.file == "" && p.value == "":
			return refuse(codeUnknown, "", "%s: the part %s is an empty file", e.where(), redact.Printable(p.name))
		case p.isFile && !recipe.IsJSON(recipe.ParseMediaType(p.kind)):
			return refuse(codeUnknown, "choose no other file, such as an icon, while recording", "%s: the part %s is a file, and not the package given", e.where(), redact.Printable(p.name))
		default:
			if err := e.part(p, f); err != nil {
				return err
			}
		}
	}
	e.d.step.Body = &recipe.Body{Parts: fields}
	return nil
}

// part explains a part that is a value, or JSON.
func (e *explainer) part(p part, f *recipe.Field) error {
	if t := jsontree.Parse([]byte(p.value)); t != nil && !t.IsLeaf() {
		write, err := e.template(t)
		if err == nil {
			e.d.finish = append(e.d.finish, func() { f.JSON = write() })
		}
		return err
	}
	pieces, err := e.explain("the part "+redact.Printable(p.name), p.name, p.value, nil)
	if err == nil {
		e.keep(pieces, &f.Value, writeTemplate)
	}
	return err
}
