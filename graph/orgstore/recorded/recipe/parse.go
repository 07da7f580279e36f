package recipe

import (
	"slices"
	"strconv"

	"go.yaml.in/yaml/v4"
)

// Parse reads a recipe strictly: an unknown key is an error, and so is whatever
// a recipe can never do. The name is the file's, for messages. Hosts come from
// the program, never from the file.
func Parse(name string, b []byte, h Hosts) (Recipe, error) {
	d := &document{name: name}
	root := d.root(b)
	if root == nil {
		return Recipe{}, d.refusal()
	}
	keys := d.mapping(root, "a recipe", "*recipe", "*cloud", "*audience", "*list", "*update", "add", "enable", "disable")
	if n := keys["recipe"]; n != nil && n.Value != strconv.Itoa(Format) {
		d.add(n, "record and learn again", "this is a recipe of the format %.20q; this orgstore reads %d", n.Value, Format)
		return Recipe{}, d.refusal()
	}
	r := Recipe{
		Cloud: d.text(keys["cloud"], "the cloud"), Audience: d.text(keys["audience"], "the audience"),
		List:   d.readList(keys["list"]),
		Update: d.steps(keys["update"]), Add: d.steps(keys["add"]),
		Enable: d.steps(keys["enable"]), Disable: d.steps(keys["disable"]),
	}
	if err := d.refusal(); err != nil {
		return Recipe{}, err
	}
	return r, r.Validate(h)
}

func (d *document) readList(n *yaml.Node) List {
	keys := d.mapping(n, "list", "*steps", "*entries", "*guid", "*suffix", "name", "version", "changed", "author", "access", "stable", "file")
	l := List{
		Steps: d.steps(keys["steps"]), Entries: d.text(keys["entries"], "entries"), GUID: d.text(keys["guid"], "guid"),
		Suffix: d.flag(keys["suffix"], "suffix"), Name: d.text(keys["name"], "name"), Version: d.text(keys["version"], "version"),
		Changed: d.text(keys["changed"], "changed"), Author: d.text(keys["author"], "author"),
	}
	if keys["access"] != nil {
		a := d.mapping(keys["access"], "access", "*at", "*on", "*off")
		l.Access = &Flag{d.text(a["at"], "at"), d.text(a["on"], "on"), d.text(a["off"], "off")}
	}
	for _, item := range d.list(keys["stable"], "stable") {
		l.Stable = append(l.Stable, d.text(item, "an item of stable"))
	}
	for _, item := range d.list(keys["file"], "file") {
		f := d.mapping(item, "an item of file", "*at", "*is")
		l.File = append(l.File, Is{d.text(f["at"], "at"), d.text(f["is"], "is")})
	}
	return l
}

func (d *document) steps(n *yaml.Node) []Step {
	var all []Step
	for _, item := range d.list(n, "steps") {
		keys := d.mapping(item, "a step", "*name", "*method", "*url", "*token", "storage", "headers", "body", "*expect")
		s := Step{
			Name: d.text(keys["name"], "the name"), Method: d.text(keys["method"], "the method"), URL: d.text(keys["url"], "the address"),
			Token: d.flag(keys["token"], "token"), Storage: d.flag(keys["storage"], "storage"),
			Body: d.body(keys["body"]),
		}
		for _, h := range d.list(keys["headers"], "headers") {
			p := d.mapping(h, "a header", "*name", "*value")
			s.Headers = append(s.Headers, Pair{d.text(p["name"], "the name"), d.text(p["value"], "the value")})
		}
		e := d.mapping(keys["expect"], "expect", "*status", "type", "shape")
		status, err := strconv.Atoi(d.text(e["status"], "the status"))
		if err != nil && e["status"] != nil {
			d.add(e["status"], "", "a status is a number")
		}
		s.Expect = Expect{Status: status, Type: d.text(e["type"], "the type")}
		for _, line := range d.list(e["shape"], "shape") {
			s.Expect.Shape = append(s.Expect.Shape, d.text(line, "an item of shape"))
		}
		slices.Sort(s.Expect.Shape)
		all = append(all, s)
	}
	return all
}

func (d *document) body(n *yaml.Node) *Body {
	if n == nil {
		return nil
	}
	keys := d.mapping(n, "a body", "json", "form", "parts", "bytes", "empty")
	return &Body{
		JSON: d.text(keys["json"], "json"), Bytes: d.text(keys["bytes"], "bytes"), Empty: d.flag(keys["empty"], "empty"),
		Form: d.fields(keys["form"]), Parts: d.fields(keys["parts"]),
	}
}

func (d *document) fields(n *yaml.Node) []Field {
	var all []Field
	for _, item := range d.list(n, "fields") {
		keys := d.mapping(item, "a field", "*name", "value", "json", "file", "type")
		all = append(all, Field{
			Name: d.text(keys["name"], "the name"), Value: d.text(keys["value"], "the value"), JSON: d.text(keys["json"], "json"),
			File: d.text(keys["file"], "the file"), Type: d.text(keys["type"], "the type"),
		})
	}
	return all
}
