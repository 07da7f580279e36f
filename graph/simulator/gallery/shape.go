package gallery

import (
	"math/rand/v2"
	"strings"
)

// A Shape describes the private requests of one portal. Its templates are JSON
// or text in which {name} stands for a value. A string that is only {=name}
// stands for a value that is not a string.
type Shape struct {
	Page         string            `json:"page"` // path of the page
	IDs          string            `json:"-"`    // number, uuid, or key
	Names        map[string]string `json:"-"`    // of an entry's members, by their meaning
	Order        []string          `json:"-"`    // of an entry's members
	Inner        string            `json:"-"`    // the member that contains guid, version, and name; empty: none
	Access       string            `json:"-"`    // enabled, disabled, or word
	Source       string            `json:"-"`    // word, public, or none
	HasSuffix    bool              `json:"-"`
	ShowsVersion bool              `json:"-"` // the list shows versions
	// Envelope is the path to the array in the list.
	Envelope []string `json:"envelope"`
	// Pointers say where in an entry the page finds its values.
	Pointers map[string]string `json:"at"`
	// Guard is the protection against request forgery: none, cookie, meta,
	// input, list, or header.
	Guard        string          `json:"guard"`
	GuardName    string          `json:"guardName"`   // of the cookie, element, or member
	GuardHeader  string          `json:"guardHeader"` // in which the page sends it back
	AnswersEmpty bool            `json:"-"`           // changes are answered without content
	Storage      string          `json:"-"`
	UploadPath   string          `json:"-"` // path to which bytes are uploaded
	Calls        map[string]Call `json:"calls"`
	Update       []string        `json:"update"` // calls, in order
	Add          []string        `json:"add"`
	AccessIsWord bool            `json:"accessWord"` // access is a word
	AccessOn     []string        `json:"accessOn"`
	AccessOff    []string        `json:"accessOff"`
}

// A Call is one private request.
type Call struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"` // a path with its query, or a {value} that is a URL
	Headers map[string]string `json:"headers"`
	Kind    string            `json:"kind"` // "", json, multipart, or bytes
	Body    string            `json:"body"` // of kind json
	Parts   []Part            `json:"parts"`
	// Captures name values of the answer: body:POINTER or header:NAME.
	Captures map[string]string `json:"take"`
	// Answer is the answer's JSON; empty: none.
	Answer       string `json:"-"`
	Status       int    `json:"-"`
	WithoutToken bool   `json:"open"` // it needs no token
}

// A Part is one part of a multipart request: a template, or the file.
type Part struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	File  bool   `json:"file"`
}

// NewShape invents the requests of a portal.
func NewShape(seed uint64, storage string) Shape {
	m := &shapeMaker{rand: rand.New(rand.NewPCG(seed, 2)), shape: Shape{Names: map[string]string{}, Pointers: map[string]string{}, Calls: map[string]Call{}}}
	m.shape.Storage = storage
	m.makeEntry()
	m.makeGuard()
	m.base = "/" + m.pick("metadata", "internal", "private", "svc") + "/" + m.pick("v2", "v201901", "2024-06", "beta") + "/" +
		m.pick("gallery/visuals", "orgvisuals", "custom-visuals", "tenant/visualsCatalog")
	m.makeList()
	m.makePackageCalls()
	m.makeAccess()
	m.makeOtherCalls()
	for name, c := range m.shape.Calls {
		if c.Method != "GET" && !c.WithoutToken && m.shape.Guard != "none" {
			c.Headers = map[string]string{m.shape.GuardHeader: "{guard}"}
		}
		m.shape.Calls[name] = c
	}
	return m.shape
}

type shapeMaker struct {
	rand  *rand.Rand
	shape Shape
	base  string
}

func (m *shapeMaker) pick(of ...string) string { return of[m.rand.IntN(len(of))] }
func (m *shapeMaker) flipCoin() bool           { return m.rand.IntN(2) == 0 }

func (m *shapeMaker) makeEntry() {
	s := &m.shape
	s.Page = "/" + m.pick("admin-portal/organizationalVisuals", "admin/visuals", "settings/orgVisuals")
	s.IDs = m.pick("number", "uuid", "key")
	s.Names = map[string]string{
		"id": m.pick("id", "itemId", "objectId", "resourceKey"), "guid": m.pick("name", "visualGuid", "visualId", "vid"),
		"name": m.pick("displayName", "title", "caption"), "description": m.pick("description", "details"),
		"pane": m.pick("pinnedByDefault", "inPane"), "changed": m.pick("publishTime", "modified", "lastUpdate"),
		"owner": m.pick("ownerEmailAddress", "modifiedBy"), "version": m.pick("version", "packageVersion"),
		"stage": m.pick("stage", "promotion"),
	}
	if s.Names["guid"] == "name" {
		s.Names["name"] = m.pick("displayName", "title")
	}
	s.Access = m.pick("enabled", "disabled", "word")
	s.Names["access"] = map[string]string{"enabled": m.pick("isEnabled", "available"), "disabled": m.pick("disabled", "blocked"), "word": m.pick("status", "state")}[s.Access]
	s.AccessIsWord = s.Access == "word"
	s.HasSuffix = m.flipCoin()
	s.Source = m.pick("word", "public")
	s.Names["source"] = map[string]string{"word": m.pick("source", "origin"), "public": "isPublic"}[s.Source]
	s.ShowsVersion = m.flipCoin()
	s.Order = []string{"id", "guid", "name", "description", "access", "pane", "source", "changed", "owner", "stage"}
	if s.ShowsVersion {
		s.Order = append(s.Order, "version")
	}
	m.rand.Shuffle(len(s.Order), func(i, j int) { s.Order[i], s.Order[j] = s.Order[j], s.Order[i] })
	s.Inner = m.pick("", "", "visual", "package")
	for _, what := range s.Order {
		s.Pointers[what] = "/" + s.Names[what]
		if s.isInner(what) {
			s.Pointers[what] = "/" + s.Inner + s.Pointers[what]
		}
	}
}

// isInner reports whether a member is in the inner object.
func (s Shape) isInner(what string) bool {
	return s.Inner != "" && (what == "guid" || what == "version" || what == "name")
}

func (m *shapeMaker) makeGuard() {
	m.shape.Guard = m.pick("none", "cookie", "meta", "input", "list", "header")
	m.shape.GuardHeader = m.pick("X-Csrf-Token", "X-Xsrf-Token", "Requestverificationtoken")
	m.shape.GuardName = map[string]string{
		"cookie": "XSRF-TOKEN", "meta": m.pick("csrf-token", "anti-forgery"), "input": "__RequestVerificationToken",
		"list": m.pick("antiForgery", "requestToken"), "header": "X-Page-Token",
	}[m.shape.Guard]
}

func (m *shapeMaker) makeList() {
	m.shape.Envelope = [][]string{{}, {"value"}, {"items"}, {"data", "entries"}, {"result", "visuals"}}[m.rand.IntN(5)]
	if m.shape.Guard == "list" && len(m.shape.Envelope) == 0 {
		m.shape.Envelope = []string{"value"}
	}
	c := Call{Method: "GET", URL: m.base, Status: 200, Captures: map[string]string{}}
	if m.flipCoin() {
		c.URL += "?" + m.pick("scope=tenant", "includeDisabled=true", "api-version=2")
	}
	if m.rand.IntN(5) == 0 {
		c.Method, c.URL, c.Kind, c.Body = "POST", m.base+"/query", "json", `{"filter":"all","take":500}`
	}
	switch m.shape.Guard {
	case "list":
		c.Captures["guard"] = "body:/" + m.shape.GuardName
		if c.Method == "POST" {
			c.Method, c.URL, c.Kind, c.Body = "GET", m.base, "", ""
		}
	case "header":
		c.Captures["guard"] = "header:" + m.shape.GuardName
		if c.Method == "POST" {
			c.Method, c.URL, c.Kind, c.Body = "GET", m.base, "", ""
		}
	}
	m.shape.Calls["list"] = c
}

// makePackageCalls invents one of three ways to send a package.
func (m *shapeMaker) makePackageCalls() {
	m.shape.AnswersEmpty = m.flipCoin()
	switch m.pick("multipart", "upload", "base64") {
	case "multipart":
		m.makeMultipart()
	case "upload":
		m.makeUpload()
	default:
		m.makeBase64()
	}
}

// makeTarget invents where one entry is changed, with its id in the path, the
// query, or the body.
func (m *shapeMaker) makeTarget(verb string) (url string, inBody string) {
	switch m.rand.IntN(3) {
	case 0:
		return m.base + "/{id}" + verb, ""
	case 1:
		return m.base + verb + "?" + m.shape.Names["id"] + "={id}", ""
	}
	return m.base + choose(verb == "", "/item", verb), m.shape.Names["id"]
}

func choose(is bool, a, b string) string {
	if is {
		return a
	}
	return b
}

// idTemplate returns the template of the id in JSON. Ids that are numbers stay
// numbers.
func (m *shapeMaker) idTemplate() string {
	return choose(m.shape.IDs == "number", `"{=id}"`, `"{id}"`)
}

// textMembers returns the members that go with a package.
func (m *shapeMaker) textMembers() string {
	n := m.shape.Names
	members := []string{`"` + n["name"] + `":"{name}"`, `"` + n["description"] + `":"{description}"`, `"` + n["access"] + `":"{=access}"`}
	m.rand.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return strings.Join(members, ",")
}

func (m *shapeMaker) makeAnswer() (string, int) {
	if m.shape.AnswersEmpty {
		return "", 204
	}
	return `{"` + m.pick("ok", "accepted") + `":true,"` + m.pick("requestId", "operation") + `":"{fresh}"}`, 200
}

func (m *shapeMaker) makeMultipart() {
	file := m.pick("file", "package", "pbiviz")
	url, inBody := m.makeTarget(m.pick("/package", "/content", ""))
	c := Call{Method: m.pick("POST", "PUT"), URL: url, Kind: "multipart"}
	c.Answer, c.Status = m.makeAnswer()
	if m.flipCoin() {
		meta := m.textMembers()
		if inBody != "" {
			meta += `,"` + inBody + `":` + m.idTemplate()
		}
		c.Parts = append(c.Parts, Part{Name: m.pick("metadata", "item"), Value: "{" + meta + "}"})
	} else {
		if inBody != "" {
			c.Parts = append(c.Parts, Part{Name: inBody, Value: "{id}"})
		}
		c.Parts = append(c.Parts, Part{Name: m.shape.Names["name"], Value: "{name}"})
	}
	c.Parts = append(c.Parts, Part{Name: file, File: true})
	m.shape.Calls["update"], m.shape.Update = c, []string{"update"}
	c.URL, c.Method = m.base+"/new", "POST"
	c.Parts = []Part{{Name: "metadata", Value: "{" + m.textMembers() + "}"}, {Name: file, File: true}}
	m.shape.Calls["add"], m.shape.Add = c, []string{"add"}
}

// makeUpload invents an upload in steps: begin, send the bytes, name the
// upload.
func (m *shapeMaker) makeUpload() {
	begin := Call{Method: "POST", URL: m.base + m.pick("/uploads", "/stage"), Kind: "json", Status: 201,
		Body: `{"fileName":"{file}","` + m.pick("size", "contentLength") + `":"{=size}"}`, Captures: map[string]string{}}
	put := Call{Method: "PUT", URL: m.base + "/uploads/{upload}" + m.pick("", "/bytes"), Kind: "bytes", Status: 201}
	id := m.pick("uploadId", "ticket", "handle")
	m.shape.UploadPath = put.URL
	switch way := m.rand.IntN(4); {
	case way == 0:
		begin.Answer, begin.Captures["upload"] = `{"upload":{"`+id+`":"{newUpload}","expires":"{later}"}}`, "body:/upload/"+id
	case way == 1:
		begin.Answer, begin.Captures["address"] = `{"created":true}`, "header:Location"
		put.URL = "{address}"
	case way == 2 && m.shape.Storage != "":
		begin.Answer = `{"` + id + `":"{newUpload}","target":"{storage}/drop/{newUpload}?sig={secret}&sv=1"}`
		begin.Captures["upload"], begin.Captures["address"] = "body:/"+id, "body:/target"
		put.URL, put.WithoutToken, m.shape.UploadPath = "{address}", true, "/drop/{upload}?sig={secret}&sv=1"
	default:
		begin.Answer, begin.Captures["upload"] = `{"`+id+`":"{newUpload}"}`, "body:/"+id
	}
	if begin.Captures["upload"] == "" { // the commit names the upload with a value from the answer to the bytes
		put.Answer, put.Captures, put.Status = `{"received":true,"`+id+`":"{upload}"}`, map[string]string{"upload": "body:/" + id}, 200
	}
	url, inBody := m.makeTarget(m.pick("/package", "/replace"))
	commit := Call{Method: m.pick("POST", "PUT"), URL: url, Kind: "json", Body: `{` + m.textMembers() + `,"` + id + `":"{upload}"`}
	if inBody != "" {
		commit.Body += `,"` + inBody + `":` + m.idTemplate()
	}
	commit.Body += "}"
	commit.Answer, commit.Status = m.makeAnswer()
	m.shape.Calls["begin"], m.shape.Calls["put"], m.shape.Calls["update"] = begin, put, commit
	m.shape.Update = []string{"begin", "put", "update"}
	commit.Method, commit.URL, commit.Body = "POST", m.base+"/new", `{"`+id+`":"{upload}",`+m.textMembers()+`}`
	m.shape.Calls["add"] = commit
	m.shape.Add = []string{"begin", "put", "add"}
}

func (m *shapeMaker) makeBase64() {
	if m.shape.Guard == "none" {
		m.makeGuard()
		m.shape.Guard = "meta"
		m.shape.GuardName = "csrf-token"
	}
	data := choose(m.flipCoin(), `"data:application/octet-stream;base64,{base64}"`, `"{base64}"`)
	content := `"` + m.pick("content", "payload", "package") + `":` + data
	if m.flipCoin() {
		content = `"resource":{"fileName":"{file}",` + content + `}`
	}
	url, inBody := m.makeTarget(m.pick("", "/update"))
	c := Call{Method: m.pick("PUT", "PATCH", "POST"), URL: url, Kind: "json", Body: `{` + m.textMembers() + `,` + content}
	if inBody != "" {
		c.Body += `,"` + inBody + `":` + m.idTemplate()
	}
	c.Body += "}"
	c.Answer, c.Status = m.makeAnswer()
	m.shape.Calls["update"], m.shape.Update = c, []string{"update"}
	c.Method, c.URL, c.Body = "POST", m.base+"/new", `{`+content+`,`+m.textMembers()+`}`
	m.shape.Calls["add"], m.shape.Add = c, []string{"add"}
}

// makeAccess invents how access is changed: with a member, or with one URL each
// for on and off.
func (m *shapeMaker) makeAccess() {
	give, status := m.makeAnswer()
	url, inBody := m.makeTarget("/access")
	with := func(body string) string {
		if inBody == "" {
			return body
		}
		return strings.TrimSuffix(body, "}") + choose(body == "{}", "", ",") + `"` + inBody + `":` + m.idTemplate() + "}"
	}
	if m.flipCoin() {
		body := with(`{"` + m.shape.Names["access"] + `":"{=wanted}"}`)
		m.shape.Calls["access"] = Call{Method: m.pick("PATCH", "PUT"), URL: url, Kind: "json", Body: body, Answer: give, Status: status}
		m.shape.AccessOn, m.shape.AccessOff = []string{"access"}, []string{"access"}
		return
	}
	on, off := strings.Replace(url, "/access", "/allow", 1), strings.Replace(url, "/access", "/block", 1)
	kind := choose(inBody == "", "", "json")
	m.shape.Calls["allow"] = Call{Method: "POST", URL: on, Kind: kind, Body: with("{}"), Answer: give, Status: status}
	m.shape.Calls["block"] = Call{Method: "POST", URL: off, Kind: kind, Body: with("{}"), Answer: give, Status: status}
	m.shape.AccessOn, m.shape.AccessOff = []string{"allow"}, []string{"block"}
}

func (m *shapeMaker) makeOtherCalls() {
	m.shape.Calls["pane"] = Call{Method: "PUT", URL: m.base + "/{id}/pane", Kind: "json", Body: `{"show":"{=wantedPane}"}`, Status: 204}
	m.shape.Calls["delete"] = Call{Method: "DELETE", URL: m.base + "/{id}", Status: 204}
}
