package simulator

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Person is the name of whoever changes libraries by hand.
const Person = "Library owner"

// A Library is a document library as its people see it. They change it in a
// browser, without a token and without a call in the log. Names are paths below
// the library's root, with slashes.
type Library struct {
	simulator *Simulator
	list      *list
	// SiteID, ListID, and DriveID are its ids in Graph.
	SiteID, ListID, DriveID string
}

// AddSite creates a site with libraries and returns the libraries. The address
// is like https://contoso.sharepoint.com/sites/bi. A library that exists stays.
func (s *Simulator) AddSite(address string, libraries ...string) ([]*Library, error) {
	rest, is := strings.CutPrefix(address, "https://")
	host, path, deep := strings.Cut(rest, "/")
	if !is || !deep || host == "" || path == "" {
		return nil, fmt.Errorf("%q is not the address of a site", address)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.sites, func(w *site) bool { return w.host == host && w.path == path })
	if at < 0 {
		at = len(s.sites)
		id := host + "," + s.newUUID() + "," + s.newUUID()
		s.sites = append(s.sites, &site{id: id, host: host, path: path, title: path, created: s.currentTime(), grants: map[string]string{}})
	}
	w := s.sites[at]
	var out []*Library
	for _, name := range libraries {
		l := w.findList(name)
		if l == nil {
			l = s.newList(w, name)
			w.lists = append(w.lists, l)
		}
		out = append(out, &Library{simulator: s, list: l, SiteID: w.id, ListID: l.id, DriveID: l.drive})
	}
	return out, nil
}

func (w *site) findList(name string) *list {
	for _, l := range w.lists {
		if strings.EqualFold(l.name, name) {
			return l
		}
	}
	return nil
}

// GrantSite grants an app a role on the library's site: read, write, owner, or
// fullcontrol. An empty role removes the grant.
func (b *Library) GrantSite(client, role string) { b.setGrant(b.list.site.grants, client, role) }

// GrantList grants an app a role on the library, which breaks its inheritance.
func (b *Library) GrantList(client, role string) {
	b.setGrant(b.list.grants, client, role)
	b.simulator.mu.Lock()
	defer b.simulator.mu.Unlock()
	b.list.hasOwnGrants = len(b.list.grants) > 0
}

func (b *Library) setGrant(grants map[string]string, client, role string) {
	b.simulator.mu.Lock()
	defer b.simulator.mu.Unlock()
	if client = strings.ToLower(client); role == "" {
		delete(grants, client)
		return
	}
	grants[client] = role
}

// A File is a file in a library as people see it.
type File struct {
	ID, Name, ETag, Hash string
	Size                 int
	Row                  string         // the list item's id
	Fields               map[string]any // the values of its columns
	Downloads            int            // how often the bytes were sent
	By                   string         // who changed it last: Person, or an app's id
}

func (i *item) toFile() File {
	fields := map[string]any{}
	for k, v := range i.fields {
		fields[k] = v
	}
	return File{ID: i.id, Name: strings.TrimPrefix(i.path(), "root:/"), ETag: i.eTag(), Hash: i.hash, Size: len(i.content), Row: itoa(i.row), Fields: fields, Downloads: i.downloads, By: i.changedBy}
}

// makeFolders finds or creates the folder of a path. The caller holds the
// simulator's lock.
func (b *Library) makeFolders(path string) (*item, string, error) {
	parent := b.list.root
	names := strings.Split(strings.Trim(path, "/"), "/")
	for _, name := range names[:len(names)-1] {
		child := parent.findChild(name)
		if child == nil {
			made, p := b.simulator.createItem(parent, name, true, nil, Person)
			if p != nil {
				return nil, "", errors.New(p.message)
			}
			child = made
		}
		parent = child
	}
	return parent, names[len(names)-1], nil
}

// Upload puts a file into the library, or replaces its content, and creates the
// folders above it.
func (b *Library) Upload(path string, content []byte) (File, error) {
	b.simulator.mu.Lock()
	defer b.simulator.mu.Unlock()
	parent, name, err := b.makeFolders(path)
	if err != nil {
		return File{}, fmt.Errorf("cannot upload %s: %w", path, err)
	}
	i, _, p := b.simulator.storeUpload(parent, name, parent.findChild(name), "replace", slices.Clone(content), Person)
	if p != nil {
		return File{}, fmt.Errorf("cannot upload %s: %s", path, p.message)
	}
	return i.toFile(), nil
}

// Move renames a file or folder, or moves it to another folder.
func (b *Library) Move(from, to string) error {
	b.simulator.mu.Lock()
	defer b.simulator.mu.Unlock()
	i := b.list.findPath(from)
	if i == nil {
		return fmt.Errorf("cannot move %s: no such file", from)
	}
	parent, name, err := b.makeFolders(to)
	if err != nil {
		return fmt.Errorf("cannot move %s: %w", from, err)
	}
	if p := b.simulator.moveItem(i, parent, name, Person); p != nil {
		return fmt.Errorf("cannot move %s: %s", from, p.message)
	}
	return nil
}

// Remove deletes a file, or a folder with its content.
func (b *Library) Remove(path string) error {
	b.simulator.mu.Lock()
	defer b.simulator.mu.Unlock()
	i := b.list.findPath(path)
	if i == nil || i == b.list.root {
		return fmt.Errorf("cannot delete %s: no such file", path)
	}
	b.simulator.removeItem(i)
	return nil
}

// Edit writes to a file's columns, as a person does in the browser.
func (b *Library) Edit(path string, fields map[string]any) error {
	b.simulator.mu.Lock()
	defer b.simulator.mu.Unlock()
	i := b.list.findPath(path)
	if i == nil {
		return fmt.Errorf("cannot edit %s: no such file", path)
	}
	for k, v := range fields {
		if p := b.list.checkValue(k, v); p != nil {
			return fmt.Errorf("cannot edit %s: %s", path, p.message)
		}
	}
	for k, v := range fields {
		i.fields[k] = v
	}
	b.simulator.countEdit(i, Person)
	return nil
}

// File returns a file as people see it.
func (b *Library) File(path string) (File, bool) {
	b.simulator.mu.Lock()
	defer b.simulator.mu.Unlock()
	i := b.list.findPath(path)
	if i == nil || i.isFolder {
		return File{}, false
	}
	return i.toFile(), true
}

// Content returns a file's bytes.
func (b *Library) Content(path string) ([]byte, bool) {
	b.simulator.mu.Lock()
	defer b.simulator.mu.Unlock()
	i := b.list.findPath(path)
	if i == nil || i.isFolder {
		return nil, false
	}
	return slices.Clone(i.content), true
}

// Files returns all files by name.
func (b *Library) Files() []File {
	b.simulator.mu.Lock()
	defer b.simulator.mu.Unlock()
	var out []File
	for _, i := range b.list.items {
		if !i.isFolder && !i.isDeleted {
			out = append(out, i.toFile())
		}
	}
	slices.SortFunc(out, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Columns returns the internal names of the added columns.
func (b *Library) Columns() []string {
	b.simulator.mu.Lock()
	defer b.simulator.mu.Unlock()
	var out []string
	for _, v := range b.list.columns {
		if !v.isBuiltIn {
			out = append(out, v.name)
		}
	}
	return out
}

// RemoveColumn deletes a column and its values.
func (b *Library) RemoveColumn(name string) {
	b.simulator.mu.Lock()
	defer b.simulator.mu.Unlock()
	b.list.columns = slices.DeleteFunc(b.list.columns, func(v *column) bool { return v.name == name && !v.isBuiltIn })
	for _, i := range b.list.items {
		delete(i.fields, name)
	}
}

// A Resync is how Graph asks a client to list everything again.
type Resync string

// The two ways, which differ in what a client does with files that only it
// knows.
const (
	ApplyDifferences  Resync = "resyncChangesApplyDifferences"
	UploadDifferences Resync = "resyncChangesUploadDifferences"
)

// ForgetDelta makes all delta tokens too old. Each is answered with 410 and a
// link to a new listing.
func (b *Library) ForgetDelta(how Resync) {
	b.simulator.mu.Lock()
	defer b.simulator.mu.Unlock()
	b.list.epoch++
	b.list.resyncCode = string(how)
}

// EndSessions ends all uploads in progress, as time does.
func (b *Library) EndSessions() {
	b.simulator.mu.Lock()
	defer b.simulator.mu.Unlock()
	for k, u := range b.simulator.sessions {
		if u.list == b.list {
			delete(b.simulator.sessions, k)
		}
	}
}

// Sessions counts the uploads in progress.
func (b *Library) Sessions() int {
	b.simulator.mu.Lock()
	defer b.simulator.mu.Unlock()
	n := 0
	for _, u := range b.simulator.sessions {
		if u.list == b.list {
			n++
		}
	}
	return n
}
