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
	created    time.Time
	lists      []*list
	grants     map[string]string // app → role
}

// A list is a document library: a list and a drive in one.
type list struct {
	site         *site
	id           string
	drive        string
	name         string
	created      time.Time
	columns      []*column
	grants       map[string]string
	hasOwnGrants bool // a grant on the list broke the inheritance
	root         *item
	items        map[string]*item // by drive item id, including deleted items
	seq          int64            // of the latest change
	lastToldSeq  int64            // the latest change that a correct delta listed
	life         int64            // when the simulator was made: its tokens' first half
	epoch        int              // of the valid delta tokens
	resyncCode   string           // the error code for older tokens
	nextRow      int
}

// A column is a field of a list's items.
type column struct {
	id, name, display, kind string
	isReadOnly, isBuiltIn   bool
	details                 map[string]any
	choices                 []string
}

// An item is a file or folder.
type item struct {
	list            *list
	id              string
	uniqueID        string // the GUID in its eTag
	row             int    // in the list; zero for the root
	name            string
	parent          *item
	isFolder        bool
	content         []byte
	hash            string
	created         time.Time
	modified        time.Time
	revision        int // counts changes of metadata and content
	contentRevision int // counts changes of the content
	fields          map[string]any
	seq             int64
	isDeleted       bool
	isDownloaded    bool // after a download its hash is always known
	lateHash        bool
	changedBy       string
	downloads       int
}

func (i *item) eTag() string {
	return fmt.Sprintf(`"{%s},%d"`, strings.ToUpper(i.uniqueID), i.revision)
}
func (i *item) cTag() string {
	return fmt.Sprintf(`"c:{%s},%d"`, strings.ToUpper(i.uniqueID), i.contentRevision)
}

// newItemID returns an id in the format of SharePoint's.
func (s *Simulator) newItemID() string {
	var b [20]byte
	for i := range b {
		b[i] = byte(s.random.Uint32())
	}
	return "01" + base32.StdEncoding.EncodeToString(b[:])
}

func (s *Simulator) newDriveID() string {
	var b [48]byte
	for i := range b {
		b[i] = byte(s.random.Uint32())
	}
	return "b!" + base64.RawURLEncoding.EncodeToString(b[:])
}

// newList creates an empty library. The caller holds s.mu.
func (s *Simulator) newList(w *site, name string) *list {
	l := &list{
		site: w, id: s.newUUID(), drive: s.newDriveID(), name: name, created: s.currentTime(),
		grants: map[string]string{}, items: map[string]*item{}, columns: s.builtInColumns(), life: s.born, epoch: 1,
	}
	l.root = &item{list: l, id: s.newItemID(), uniqueID: s.newUUID(), name: "root", isFolder: true, created: s.currentTime(), modified: s.currentTime(), revision: 1, fields: map[string]any{}}
	l.items[l.root.id] = l.root
	l.markChanged(l.root)
	return l
}

func (s *Simulator) builtInColumns() []*column {
	text := map[string]any{"allowMultipleLines": false, "appendChangesToExistingText": false, "linesForEditing": 0, "maxLength": 255}
	stamp := map[string]any{"displayAs": "default", "format": "dateTime"}
	return []*column{
		{id: s.newUUID(), name: "Title", display: "Title", kind: "text", isBuiltIn: true, details: text},
		{id: s.newUUID(), name: "FileLeafRef", display: "Name", kind: "text", isBuiltIn: true, isReadOnly: true, details: text},
		{id: s.newUUID(), name: "Modified", display: "Modified", kind: "dateTime", isBuiltIn: true, isReadOnly: true, details: stamp},
		{id: s.newUUID(), name: "Created", display: "Created", kind: "dateTime", isBuiltIn: true, isReadOnly: true, details: stamp},
	}
}

// markChanged makes delta list an item and the folders above it.
func (l *list) markChanged(i *item) {
	for ; i != nil; i = i.parent {
		l.seq++
		i.seq = l.seq
	}
}

// findChild finds an item by its name, ignoring case. It skips deleted items.
func (i *item) findChild(name string) *item {
	for _, c := range i.list.items {
		if c.parent == i && !c.isDeleted && strings.EqualFold(c.name, name) {
			return c
		}
	}
	return nil
}

// children returns the items in a folder by name, without deleted ones.
func (i *item) children() []*item {
	var out []*item
	for _, c := range i.list.items {
		if c.parent == i && !c.isDeleted {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b *item) int { return strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name)) })
	return out
}

// findPath finds an item by its path below the root.
func (l *list) findPath(path string) *item {
	i := l.root
	for _, name := range strings.Split(strings.Trim(path, "/"), "/") {
		if name == "" {
			continue
		}
		if i = i.findChild(name); i == nil {
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

// isBadName reports whether SharePoint refuses a name.
func isBadName(name string) bool {
	return name == "" || len(name) > 400 || strings.ContainsAny(name, "\"*:<>?/\\|\x00") || strings.HasPrefix(name, " ") ||
		strings.HasSuffix(name, " ") || strings.HasSuffix(name, ".") || strings.HasPrefix(name, "~$")
}

// createItem creates an item. The caller holds s.mu.
func (s *Simulator) createItem(parent *item, name string, folder bool, content []byte, by string) (*item, *problem) {
	l := parent.list
	switch {
	case isBadName(name):
		return nil, newProblem(http.StatusBadRequest, "invalidRequest", "The provided name cannot contain the characters that SharePoint reserves.")
	case parent.findChild(name) != nil:
		return nil, newProblem(http.StatusConflict, "nameAlreadyExists", "An item with the same name already exists under the parent.")
	case s.itemCount >= maxItems || s.storedBytes+int64(len(content)) > maxStored:
		return nil, newProblem(http.StatusInsufficientStorage, "quotaLimitReached", "The library is full.")
	}
	s.itemCount++
	l.nextRow++
	i := &item{
		list: l, id: s.newItemID(), uniqueID: s.newUUID(), row: l.nextRow, name: name, parent: parent, isFolder: folder,
		created: s.currentTime(), revision: 1, fields: map[string]any{}, lateHash: l.nextRow%3 == 0, changedBy: by,
	}
	l.items[i.id] = i
	s.setContent(i, content, by)
	i.revision = 1
	return i, nil
}

// setContent sets the content of a file. The caller holds s.mu.
func (s *Simulator) setContent(i *item, content []byte, by string) {
	s.storedBytes += int64(len(content)) - int64(len(i.content))
	i.content, i.hash = content, QuickXorHash(content)
	i.modified, i.changedBy, i.isDownloaded = s.currentTime(), by, false
	i.revision++
	i.contentRevision++
	i.list.markChanged(i)
}

// countEdit counts a change of an item's metadata.
func (s *Simulator) countEdit(i *item, by string) {
	i.modified, i.changedBy = s.currentTime(), by
	i.revision++
	i.list.markChanged(i)
}

// removeItem deletes an item and its content. The caller holds s.mu.
func (s *Simulator) removeItem(i *item) {
	for _, c := range i.children() {
		s.removeItem(c)
	}
	s.storedBytes -= int64(len(i.content))
	s.itemCount--
	i.content, i.isDeleted = nil, true
	i.list.markChanged(i)
}

// itemJSON returns an item in Graph's format.
func (c *call) itemJSON(i *item) map[string]any {
	m := map[string]any{
		"id": i.id, "name": i.name, "eTag": i.eTag(), "cTag": i.cTag(), "size": len(i.content),
		"createdDateTime": formatTime(i.created), "lastModifiedDateTime": formatTime(i.modified),
		"webUrl":         i.webURL(),
		"fileSystemInfo": map[string]any{"createdDateTime": formatTime(i.created), "lastModifiedDateTime": formatTime(i.modified)},
		"parentReference": map[string]any{
			"driveId": i.list.drive, "driveType": "documentLibrary", "siteId": i.list.site.id,
		},
	}
	if i.changedBy != "" {
		m["lastModifiedBy"] = map[string]any{"user": map[string]any{"displayName": i.changedBy}}
	}
	if i.parent == nil {
		m["root"] = map[string]any{}
	} else {
		ref := m["parentReference"].(map[string]any)
		ref["id"], ref["name"], ref["path"] = i.parent.id, i.parent.name, "/drives/"+i.list.drive+"/"+i.parent.path()
	}
	if i.isFolder {
		delete(m, "cTag")
		m["folder"] = map[string]any{"childCount": len(i.children())}
		return m
	}
	file := map[string]any{"mimeType": "application/octet-stream"}
	if h := c.hashOf(i); h != "" {
		file["hashes"] = map[string]any{"quickXorHash": h}
	}
	m["file"] = file
	m["@microsoft.graph.downloadUrl"] = c.simulator.downloadURL(i, c.now)
	return m
}

// hashOf returns the file's hash as this call sees it.
func (c *call) hashOf(i *item) string {
	switch {
	case c.answerFault != nil && c.answerFault.Kind == WrongHash:
		return QuickXorHash(append(slices.Clone(i.content), 0xff))
	case c.answerFault != nil && c.answerFault.Kind == NoHash, i.lateHash && !i.isDownloaded:
		return ""
	}
	return i.hash
}

func (i *item) webURL() string {
	return "https://" + i.list.site.host + "/" + i.list.site.path + "/" + i.list.name + strings.TrimPrefix(i.path(), "root:")
}

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
