package simulator

import (
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A site is a SharePoint site with document libraries.
type site struct {
	id         string // host,collection,web
	host, path string // contoso.sharepoint.com, sites/bi
	title      string
	made       time.Time
	lists      []*list
	grants     map[string]string // app → role
}

// A list is a document library: a list and a drive that are the same thing.
type list struct {
	site    *site
	id      string
	drive   string
	name    string
	made    time.Time
	columns []*column
	grants  map[string]string
	unique  bool // inheritance is broken by a grant on the list
	root    *item
	items   map[string]*item // by drive item id, also those that were deleted
	seq     int64            // of the latest change
	seen    int64            // the latest change that a truthful delta told
	epoch   int              // of delta tokens that are still good
	resync  string           // the code of the answer to older tokens
	nextRow int
}

// A column is a field of a list's items.
type column struct {
	id, name, display, kind string
	readOnly, builtIn       bool
	details                 map[string]any
	choices                 []string
}

// An item is a file or folder.
type item struct {
	list      *list
	id        string
	unique    string // the GUID in its eTag
	row       int    // of the list; zero is the root
	name      string
	parent    *item
	folder    bool
	content   []byte
	hash      string
	made      time.Time
	modified  time.Time
	written   int // counts metadata and content
	filled    int // counts content alone
	fields    map[string]any
	seq       int64
	deleted   bool
	fetched   bool // content was downloaded, so that its hash is known for sure
	lateHash  bool
	by        string
	downloads int
}

func (i *item) eTag() string { return fmt.Sprintf(`"{%s},%d"`, strings.ToUpper(i.unique), i.written) }
func (i *item) cTag() string { return fmt.Sprintf(`"c:{%s},%d"`, strings.ToUpper(i.unique), i.filled) }

// itemID makes an id in the form that SharePoint's have.
func (s *Simulator) itemID() string {
	var b [20]byte
	for i := range b {
		b[i] = byte(s.random.Uint32())
	}
	return "01" + base32.StdEncoding.EncodeToString(b[:])
}

func (s *Simulator) driveID() string {
	var b [48]byte
	for i := range b {
		b[i] = byte(s.random.Uint32())
	}
	return "b!" + base64.RawURLEncoding.EncodeToString(b[:])
}

// newList makes an empty library; s.mu is held.
func (s *Simulator) newList(w *site, name string) *list {
	l := &list{
		site: w, id: s.uuid(), drive: s.driveID(), name: name, made: s.now(),
		grants: map[string]string{}, items: map[string]*item{}, columns: s.builtInColumns(), epoch: 1,
	}
	l.root = &item{list: l, id: s.itemID(), unique: s.uuid(), name: "root", folder: true, made: s.now(), modified: s.now(), written: 1, fields: map[string]any{}}
	l.items[l.root.id] = l.root
	l.touch(l.root)
	return l
}

func (s *Simulator) builtInColumns() []*column {
	text := map[string]any{"allowMultipleLines": false, "appendChangesToExistingText": false, "linesForEditing": 0, "maxLength": 255}
	stamp := map[string]any{"displayAs": "default", "format": "dateTime"}
	return []*column{
		{id: s.uuid(), name: "Title", display: "Title", kind: "text", builtIn: true, details: text},
		{id: s.uuid(), name: "FileLeafRef", display: "Name", kind: "text", builtIn: true, readOnly: true, details: text},
		{id: s.uuid(), name: "Modified", display: "Modified", kind: "dateTime", builtIn: true, readOnly: true, details: stamp},
		{id: s.uuid(), name: "Created", display: "Created", kind: "dateTime", builtIn: true, readOnly: true, details: stamp},
	}
}

// touch tells delta that an item, and so the folders above it, changed.
func (l *list) touch(i *item) {
	for ; i != nil; i = i.parent {
		l.seq++
		i.seq = l.seq
	}
}

// child finds a living item by its name, whose case does not count.
func (i *item) child(name string) *item {
	for _, c := range i.list.items {
		if c.parent == i && !c.deleted && strings.EqualFold(c.name, name) {
			return c
		}
	}
	return nil
}

// children are the living items in a folder, by name.
func (i *item) children() []*item {
	var out []*item
	for _, c := range i.list.items {
		if c.parent == i && !c.deleted {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b *item) int { return strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name)) })
	return out
}

// at finds an item by its path beneath the root.
func (l *list) at(path string) *item {
	i := l.root
	for _, name := range strings.Split(strings.Trim(path, "/"), "/") {
		if name == "" {
			continue
		}
		if i = i.child(name); i == nil {
			return nil
		}
	}
	return i
}

func (i *item) path() string {
	if i.parent == nil {
		return "root:"
	}
	return i.parent.path() + "/" + i.name
}

// badName says what SharePoint refuses in a name.
func badName(name string) bool {
	return name == "" || len(name) > 400 || strings.ContainsAny(name, "\"*:<>?/\\|\x00") || strings.HasPrefix(name, " ") ||
		strings.HasSuffix(name, " ") || strings.HasSuffix(name, ".") || strings.HasPrefix(name, "~$")
}

// create adds an item; s.mu is held.
func (s *Simulator) create(parent *item, name string, folder bool, content []byte, by string) (*item, *problem) {
	l := parent.list
	switch {
	case badName(name):
		return nil, say(http.StatusBadRequest, "invalidRequest", "The provided name cannot contain the characters that SharePoint reserves.")
	case parent.child(name) != nil:
		return nil, say(http.StatusConflict, "nameAlreadyExists", "An item with the same name already exists under the parent.")
	case s.items >= maxItems || s.stored+int64(len(content)) > maxStored:
		return nil, say(http.StatusInsufficientStorage, "quotaLimitReached", "The library is full.")
	}
	s.items++
	l.nextRow++
	i := &item{
		list: l, id: s.itemID(), unique: s.uuid(), row: l.nextRow, name: name, parent: parent, folder: folder,
		made: s.now(), written: 1, fields: map[string]any{}, lateHash: l.nextRow%3 == 0, by: by,
	}
	l.items[i.id] = i
	s.fill(i, content, by)
	i.written = 1
	return i, nil
}

// fill gives a file its bytes; s.mu is held.
func (s *Simulator) fill(i *item, content []byte, by string) {
	s.stored += int64(len(content)) - int64(len(i.content))
	i.content, i.hash = content, QuickXorHash(content)
	i.modified, i.by, i.fetched = s.now(), by, false
	i.written++
	i.filled++
	i.list.touch(i)
}

// edited counts a change of what is said about an item.
func (s *Simulator) edited(i *item, by string) {
	i.modified, i.by = s.now(), by
	i.written++
	i.list.touch(i)
}

// remove deletes an item and what is in it; s.mu is held.
func (s *Simulator) remove(i *item) {
	for _, c := range i.children() {
		s.remove(c)
	}
	s.stored -= int64(len(i.content))
	s.items--
	i.content, i.deleted = nil, true
	i.list.touch(i)
}

// show is an item as Graph writes it.
func (c *call) show(i *item) map[string]any {
	m := map[string]any{
		"id": i.id, "name": i.name, "eTag": i.eTag(), "cTag": i.cTag(), "size": len(i.content),
		"createdDateTime": stamp(i.made), "lastModifiedDateTime": stamp(i.modified),
		"webUrl":         i.webURL(),
		"fileSystemInfo": map[string]any{"createdDateTime": stamp(i.made), "lastModifiedDateTime": stamp(i.modified)},
		"parentReference": map[string]any{
			"driveId": i.list.drive, "driveType": "documentLibrary", "siteId": i.list.site.id,
		},
	}
	if i.by != "" {
		m["lastModifiedBy"] = map[string]any{"user": map[string]any{"displayName": i.by}}
	}
	if i.parent == nil {
		m["root"] = map[string]any{}
	} else {
		ref := m["parentReference"].(map[string]any)
		ref["id"], ref["name"], ref["path"] = i.parent.id, i.parent.name, "/drives/"+i.list.drive+"/"+i.parent.path()
	}
	if i.folder {
		delete(m, "cTag")
		m["folder"] = map[string]any{"childCount": len(i.children())}
		return m
	}
	file := map[string]any{"mimeType": "application/octet-stream"}
	if h := c.hashOf(i); h != "" {
		file["hashes"] = map[string]any{"quickXorHash": h}
	}
	m["file"] = file
	m["@microsoft.graph.downloadUrl"] = c.s.downloadURL(i, c.now)
	return m
}

// hashOf is the file's hash as this call is told it.
func (c *call) hashOf(i *item) string {
	switch {
	case c.fault != nil && c.fault.Kind == WrongHash:
		return QuickXorHash(append(slices.Clone(i.content), 0xff))
	case c.fault != nil && c.fault.Kind == NoHash, i.lateHash && !i.fetched:
		return ""
	}
	return i.hash
}

func (i *item) webURL() string {
	return "https://" + i.list.site.host + "/" + i.list.site.path + "/" + i.list.name + strings.TrimPrefix(i.path(), "root:")
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
