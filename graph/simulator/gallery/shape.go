package gallery

import (
	"math/rand/v2"
	"strings"
)

// A Shape is the private requests of one portal. Templates are JSON or text in
// which {name} stands for a value; a string that is {=name} alone stands for one
// that is no string.
type Shape struct {
	Page    string            `json:"page"` // path of the page
	IDs     string            `json:"-"`    // number, uuid or key
	Names   map[string]string `json:"-"`    // of an entry's members, by what they are
	Order   []string          `json:"-"`    // of an entry's members
	Inner   string            `json:"-"`    // member in which guid, version and name lie; empty: none
	Access  string            `json:"-"`    // enabled, disabled or word
	Source  string            `json:"-"`    // word, public or none
	Suffix  bool              `json:"-"`
	Version bool              `json:"-"` // the list shows versions
	// Envelope is what the list's array lies in.
	Envelope []string `json:"envelope"`
	// At is where in an entry the page finds what it needs.
	At map[string]string `json:"at"`
	// Guard is how requests are guarded against forgery: none, cookie, meta,
	// input, list or header.
	Guard       string          `json:"guard"`
	GuardName   string          `json:"guardName"`   // of the cookie, element or member
	GuardHeader string          `json:"guardHeader"` // in which it is sent back
	Bare        bool            `json:"-"`           // changes are answered without content
	Storage     string          `json:"-"`
	Drop        string          `json:"-"` // path to which bytes are put
	Calls       map[string]Call `json:"calls"`
	Update      []string        `json:"update"` // calls, in order
	Add         []string        `json:"add"`
	Word        bool            `json:"accessWord"` // access is a word
	AccessOn    []string        `json:"accessOn"`
	AccessOff   []string        `json:"accessOff"`
}

// A Call is one private request.
type Call struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"` // a path with its query; or a {value} that is an address
	Headers map[string]string `json:"headers"`
	Kind    string            `json:"kind"` // "", json, multipart or bytes
	Body    string            `json:"body"` // of json
	Parts   []Part            `json:"parts"`
	// Take names values of the answer: body:POINTER or header:NAME.
	Take map[string]string `json:"take"`
	// Give is the answer's JSON; empty: none.
	Give   string `json:"-"`
	Status int    `json:"-"`
	Open   bool   `json:"open"` // no token goes with it
}

// A Part is one part of a multipart request: a template, or the file.
type Part struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	File  bool   `json:"file"`
}

// NewShape makes up a portal's requests.
func NewShape(seed uint64, storage string) Shape {
	m := &maker{r: rand.New(rand.NewPCG(seed, 2)), s: Shape{Names: map[string]string{}, At: map[string]string{}, Calls: map[string]Call{}}}
	m.s.Storage = storage
	m.entry()
	m.guard()
	m.base = "/" + m.one("metadata", "internal", "private", "svc") + "/" + m.one("v2", "v201901", "2024-06", "beta") + "/" +
		m.one("gallery/visuals", "orgvisuals", "custom-visuals", "tenant/visualsCatalog")
	m.list()
	m.sendPackage()
	m.access()
	m.others()
	for name, c := range m.s.Calls {
		if c.Method != "GET" && !c.Open && m.s.Guard != "none" {
			c.Headers = map[string]string{m.s.GuardHeader: "{guard}"}
		}
		m.s.Calls[name] = c
	}
	return m.s
}

type maker struct {
	r    *rand.Rand
	s    Shape
	base string
}

func (m *maker) one(of ...string) string { return of[m.r.IntN(len(of))] }
func (m *maker) coin() bool              { return m.r.IntN(2) == 0 }

func (m *maker) entry() {
	s := &m.s
	s.Page = "/" + m.one("admin-portal/organizationalVisuals", "admin/visuals", "settings/orgVisuals")
	s.IDs = m.one("number", "uuid", "key")
	s.Names = map[string]string{
		"id": m.one("id", "itemId", "objectId", "resourceKey"), "guid": m.one("name", "visualGuid", "visualId", "vid"),
		"name": m.one("displayName", "title", "caption"), "description": m.one("description", "details"),
		"pane": m.one("pinnedByDefault", "inPane"), "changed": m.one("publishTime", "modified", "lastUpdate"),
		"owner": m.one("ownerEmailAddress", "modifiedBy"), "version": m.one("version", "packageVersion"),
		"stage": m.one("stage", "promotion"),
	}
	if s.Names["guid"] == "name" {
		s.Names["name"] = m.one("displayName", "title")
	}
	s.Access = m.one("enabled", "disabled", "word")
	s.Names["access"] = map[string]string{"enabled": m.one("isEnabled", "available"), "disabled": m.one("disabled", "blocked"), "word": m.one("status", "state")}[s.Access]
	s.Word = s.Access == "word"
	s.Suffix = m.coin()
	s.Source = m.one("word", "public")
	s.Names["source"] = map[string]string{"word": m.one("source", "origin"), "public": "isPublic"}[s.Source]
	s.Version = m.coin()
	s.Order = []string{"id", "guid", "name", "description", "access", "pane", "source", "changed", "owner", "stage"}
	if s.Version {
		s.Order = append(s.Order, "version")
	}
	m.r.Shuffle(len(s.Order), func(i, j int) { s.Order[i], s.Order[j] = s.Order[j], s.Order[i] })
	s.Inner = m.one("", "", "visual", "package")
	for _, what := range s.Order {
		s.At[what] = "/" + s.Names[what]
		if s.inner(what) {
			s.At[what] = "/" + s.Inner + s.At[what]
		}
	}
}

// inner says whether a member lies in the inner object.
func (s Shape) inner(what string) bool {
	return s.Inner != "" && (what == "guid" || what == "version" || what == "name")
}

func (m *maker) guard() {
	m.s.Guard = m.one("none", "cookie", "meta", "input", "list", "header")
	m.s.GuardHeader = m.one("X-Csrf-Token", "X-Xsrf-Token", "Requestverificationtoken")
	m.s.GuardName = map[string]string{
		"cookie": "XSRF-TOKEN", "meta": m.one("csrf-token", "anti-forgery"), "input": "__RequestVerificationToken",
		"list": m.one("antiForgery", "requestToken"), "header": "X-Page-Token",
	}[m.s.Guard]
}

func (m *maker) list() {
	m.s.Envelope = [][]string{{}, {"value"}, {"items"}, {"data", "entries"}, {"result", "visuals"}}[m.r.IntN(5)]
	if m.s.Guard == "list" && len(m.s.Envelope) == 0 {
		m.s.Envelope = []string{"value"}
	}
	c := Call{Method: "GET", URL: m.base, Status: 200, Take: map[string]string{}}
	if m.coin() {
		c.URL += "?" + m.one("scope=tenant", "includeDisabled=true", "api-version=2")
	}
	if m.r.IntN(5) == 0 {
		c.Method, c.URL, c.Kind, c.Body = "POST", m.base+"/query", "json", `{"filter":"all","take":500}`
	}
	switch m.s.Guard {
	case "list":
		c.Take["guard"] = "body:/" + m.s.GuardName
		if c.Method == "POST" {
			c.Method, c.URL, c.Kind, c.Body = "GET", m.base, "", ""
		}
	case "header":
		c.Take["guard"] = "header:" + m.s.GuardName
		if c.Method == "POST" {
			c.Method, c.URL, c.Kind, c.Body = "GET", m.base, "", ""
		}
	}
	m.s.Calls["list"] = c
}

// sendPackage makes up one of the three ways in which a package goes.
func (m *maker) sendPackage() {
	m.s.Bare = m.coin()
	switch m.one("multipart", "upload", "base64") {
	case "multipart":
		m.multipart()
	case "upload":
		m.upload()
	default:
		m.base64()
	}
}

// target is where one entry is changed: its id in the path, the query or the body.
func (m *maker) target(verb string) (url string, inBody string) {
	switch m.r.IntN(3) {
	case 0:
		return m.base + "/{id}" + verb, ""
	case 1:
		return m.base + verb + "?" + m.s.Names["id"] + "={id}", ""
	}
	return m.base + cond(verb == "", "/item", verb), m.s.Names["id"]
}

func cond(is bool, a, b string) string {
	if is {
		return a
	}
	return b
}

// idTemplate spells the id in JSON: ids that are numbers stay numbers.
func (m *maker) idTemplate() string {
	return cond(m.s.IDs == "number", `"{=id}"`, `"{id}"`)
}

// texts are the members that go with a package.
func (m *maker) texts() string {
	n := m.s.Names
	members := []string{`"` + n["name"] + `":"{name}"`, `"` + n["description"] + `":"{description}"`, `"` + n["access"] + `":"{=access}"`}
	m.r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return strings.Join(members, ",")
}

func (m *maker) answer() (string, int) {
	if m.s.Bare {
		return "", 204
	}
	return `{"` + m.one("ok", "accepted") + `":true,"` + m.one("requestId", "operation") + `":"{fresh}"}`, 200
}

func (m *maker) multipart() {
	file := m.one("file", "package", "pbiviz")
	url, inBody := m.target(m.one("/package", "/content", ""))
	c := Call{Method: m.one("POST", "PUT"), URL: url, Kind: "multipart"}
	c.Give, c.Status = m.answer()
	if m.coin() {
		meta := m.texts()
		if inBody != "" {
			meta += `,"` + inBody + `":` + m.idTemplate()
		}
		c.Parts = append(c.Parts, Part{Name: m.one("metadata", "item"), Value: "{" + meta + "}"})
	} else {
		if inBody != "" {
			c.Parts = append(c.Parts, Part{Name: inBody, Value: "{id}"})
		}
		c.Parts = append(c.Parts, Part{Name: m.s.Names["name"], Value: "{name}"})
	}
	c.Parts = append(c.Parts, Part{Name: file, File: true})
	m.s.Calls["update"], m.s.Update = c, []string{"update"}
	c.URL, c.Method = m.base+"/new", "POST"
	c.Parts = []Part{{Name: "metadata", Value: "{" + m.texts() + "}"}, {Name: file, File: true}}
	m.s.Calls["add"], m.s.Add = c, []string{"add"}
}

// upload begins, puts bytes and names them.
func (m *maker) upload() {
	begin := Call{Method: "POST", URL: m.base + m.one("/uploads", "/stage"), Kind: "json", Status: 201,
		Body: `{"fileName":"{file}","` + m.one("size", "contentLength") + `":"{=size}"}`, Take: map[string]string{}}
	put := Call{Method: "PUT", URL: m.base + "/uploads/{upload}" + m.one("", "/bytes"), Kind: "bytes", Status: 201}
	id := m.one("uploadId", "ticket", "handle")
	m.s.Drop = put.URL
	switch way := m.r.IntN(4); {
	case way == 0:
		begin.Give, begin.Take["upload"] = `{"upload":{"`+id+`":"{newUpload}","expires":"{later}"}}`, "body:/upload/"+id
	case way == 1:
		begin.Give, begin.Take["address"] = `{"created":true}`, "header:Location"
		put.URL = "{address}"
	case way == 2 && m.s.Storage != "":
		begin.Give = `{"` + id + `":"{newUpload}","target":"{storage}/drop/{newUpload}?sig={secret}&sv=1"}`
		begin.Take["upload"], begin.Take["address"] = "body:/"+id, "body:/target"
		put.URL, put.Open, m.s.Drop = "{address}", true, "/drop/{upload}?sig={secret}&sv=1"
	default:
		begin.Give, begin.Take["upload"] = `{"`+id+`":"{newUpload}"}`, "body:/"+id
	}
	if begin.Take["upload"] == "" { // the commit names the upload by what the bytes were answered
		put.Give, put.Take, put.Status = `{"received":true,"`+id+`":"{upload}"}`, map[string]string{"upload": "body:/" + id}, 200
	}
	url, inBody := m.target(m.one("/package", "/replace"))
	commit := Call{Method: m.one("POST", "PUT"), URL: url, Kind: "json", Body: `{` + m.texts() + `,"` + id + `":"{upload}"`}
	if inBody != "" {
		commit.Body += `,"` + inBody + `":` + m.idTemplate()
	}
	commit.Body += "}"
	commit.Give, commit.Status = m.answer()
	m.s.Calls["begin"], m.s.Calls["put"], m.s.Calls["update"] = begin, put, commit
	m.s.Update = []string{"begin", "put", "update"}
	commit.Method, commit.URL, commit.Body = "POST", m.base+"/new", `{"`+id+`":"{upload}",`+m.texts()+`}`
	m.s.Calls["add"] = commit
	m.s.Add = []string{"begin", "put", "add"}
}

func (m *maker) base64() {
	if m.s.Guard == "none" {
		m.guard()
		m.s.Guard = "meta"
		m.s.GuardName = "csrf-token"
	}
	data := cond(m.coin(), `"data:application/octet-stream;base64,{base64}"`, `"{base64}"`)
	content := `"` + m.one("content", "payload", "package") + `":` + data
	if m.coin() {
		content = `"resource":{"fileName":"{file}",` + content + `}`
	}
	url, inBody := m.target(m.one("", "/update"))
	c := Call{Method: m.one("PUT", "PATCH", "POST"), URL: url, Kind: "json", Body: `{` + m.texts() + `,` + content}
	if inBody != "" {
		c.Body += `,"` + inBody + `":` + m.idTemplate()
	}
	c.Body += "}"
	c.Give, c.Status = m.answer()
	m.s.Calls["update"], m.s.Update = c, []string{"update"}
	c.Method, c.URL, c.Body = "POST", m.base+"/new", `{`+content+`,`+m.texts()+`}`
	m.s.Calls["add"], m.s.Add = c, []string{"add"}
}

// access makes up how access is switched: by a member, or by an address for each.
func (m *maker) access() {
	give, status := m.answer()
	url, inBody := m.target("/access")
	with := func(body string) string {
		if inBody == "" {
			return body
		}
		return strings.TrimSuffix(body, "}") + cond(body == "{}", "", ",") + `"` + inBody + `":` + m.idTemplate() + "}"
	}
	if m.coin() {
		body := with(`{"` + m.s.Names["access"] + `":"{=wanted}"}`)
		m.s.Calls["access"] = Call{Method: m.one("PATCH", "PUT"), URL: url, Kind: "json", Body: body, Give: give, Status: status}
		m.s.AccessOn, m.s.AccessOff = []string{"access"}, []string{"access"}
		return
	}
	on, off := strings.Replace(url, "/access", "/allow", 1), strings.Replace(url, "/access", "/block", 1)
	kind := cond(inBody == "", "", "json")
	m.s.Calls["allow"] = Call{Method: "POST", URL: on, Kind: kind, Body: with("{}"), Give: give, Status: status}
	m.s.Calls["block"] = Call{Method: "POST", URL: off, Kind: kind, Body: with("{}"), Give: give, Status: status}
	m.s.AccessOn, m.s.AccessOff = []string{"allow"}, []string{"block"}
}

func (m *maker) others() {
	m.s.Calls["pane"] = Call{Method: "PUT", URL: m.base + "/{id}/pane", Kind: "json", Body: `{"show":"{=wantedPane}"}`, Status: 204}
	m.s.Calls["delete"] = Call{Method: "DELETE", URL: m.base + "/{id}", Status: 204}
}
