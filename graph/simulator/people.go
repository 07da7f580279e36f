package simulator

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Person is who changes libraries by hand.
const Person = "Library owner"

// A Library is the people's side of a document library: what they do there in a
// browser, without a token and without a call in the log. Names are paths
// beneath the library's root, with slashes.
type Library struct {
	s *Simulator
	l *list
	// SiteID, ListID and DriveID are the ids under which Graph knows it.
	SiteID, ListID, DriveID string
}

// Site makes a site with libraries, and returns the ids of both. The address is
// such as https://contoso.sharepoint.com/sites/bi. A library that is there stays.
func (s *Simulator) Site(address string, libraries ...string) ([]*Library, error) {
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
		id := host + "," + s.uuid() + "," + s.uuid()
		s.sites = append(s.sites, &site{id: id, host: host, path: path, title: path, made: s.now(), grants: map[string]string{}})
	}
	w := s.sites[at]
	var out []*Library
	for _, name := range libraries {
		l := w.library(name)
		if l == nil {
			l = s.newList(w, name)
			w.lists = append(w.lists, l)
		}
		out = append(out, &Library{s: s, l: l, SiteID: w.id, ListID: l.id, DriveID: l.drive})
	}
	return out, nil
}

func (w *site) library(name string) *list {
	for _, l := range w.lists {
		if strings.EqualFold(l.name, name) {
			return l
		}
	}
	return nil
}

// GrantSite gives an app a role on the library's site: read, write, owner or
// fullcontrol; an empty role takes it away.
func (b *Library) GrantSite(client, role string) { b.grant(b.l.site.grants, client, role) }

// GrantList gives an app a role on the library, which breaks its inheritance.
func (b *Library) GrantList(client, role string) {
	b.grant(b.l.grants, client, role)
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.l.unique = len(b.l.grants) > 0
}

func (b *Library) grant(grants map[string]string, client, role string) {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	if client = strings.ToLower(client); role == "" {
		delete(grants, client)
		return
	}
	grants[client] = role
}

// A File is what people see of a file in a library.
type File struct {
	ID, Name, ETag, Hash string
	Size                 int
	Row                  string         // the list item's id
	Fields               map[string]any // what was written to its columns
	Downloads            int            // how often the bytes were sent
	By                   string         // who changed it last: Person, or an app's id
}

func (i *item) file() File {
	fields := map[string]any{}
	for k, v := range i.fields {
		fields[k] = v
	}
	return File{ID: i.id, Name: strings.TrimPrefix(i.path(), "root:/"), ETag: i.eTag(), Hash: i.hash, Size: len(i.content), Row: itoa(i.row), Fields: fields, Downloads: i.downloads, By: i.by}
}

// folder finds or makes the folder of a path; s.mu is held.
func (b *Library) folder(path string) (*item, string, error) {
	parent := b.l.root
	names := strings.Split(strings.Trim(path, "/"), "/")
	for _, name := range names[:len(names)-1] {
		child := parent.child(name)
		if child == nil {
			made, p := b.s.create(parent, name, true, nil, Person)
			if p != nil {
				return nil, "", errors.New(p.message)
			}
			child = made
		}
		parent = child
	}
	return parent, names[len(names)-1], nil
}

// Upload puts a file into the library, or replaces its content, and makes the
// folders above it.
func (b *Library) Upload(path string, content []byte) (File, error) {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	parent, name, err := b.folder(path)
	if err != nil {
		return File{}, fmt.Errorf("cannot upload %s: %w", path, err)
	}
	i, _, p := b.s.land(parent, name, parent.child(name), "replace", slices.Clone(content), Person)
	if p != nil {
		return File{}, fmt.Errorf("cannot upload %s: %s", path, p.message)
	}
	return i.file(), nil
}

// Move renames a file or folder, or puts it into another folder.
func (b *Library) Move(from, to string) error {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	i := b.l.at(from)
	if i == nil {
		return fmt.Errorf("cannot move %s: it is not there", from)
	}
	parent, name, err := b.folder(to)
	if err != nil {
		return fmt.Errorf("cannot move %s: %w", from, err)
	}
	if p := b.s.move(i, parent, name, Person); p != nil {
		return fmt.Errorf("cannot move %s: %s", from, p.message)
	}
	return nil
}

// Remove deletes a file, or a folder with all that is in it.
func (b *Library) Remove(path string) error {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	i := b.l.at(path)
	if i == nil || i == b.l.root {
		return fmt.Errorf("cannot delete %s: it is not there", path)
	}
	b.s.remove(i)
	return nil
}

// Edit writes to a file's columns, as somebody does in the browser.
func (b *Library) Edit(path string, fields map[string]any) error {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	i := b.l.at(path)
	if i == nil {
		return fmt.Errorf("cannot edit %s: it is not there", path)
	}
	for k, v := range fields {
		if p := b.l.accepts(k, v); p != nil {
			return fmt.Errorf("cannot edit %s: %s", path, p.message)
		}
	}
	for k, v := range fields {
		i.fields[k] = v
	}
	b.s.edited(i, Person)
	return nil
}

// File returns a file as people see it.
func (b *Library) File(path string) (File, bool) {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	i := b.l.at(path)
	if i == nil || i.folder {
		return File{}, false
	}
	return i.file(), true
}

// Content returns a file's bytes.
func (b *Library) Content(path string) ([]byte, bool) {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	i := b.l.at(path)
	if i == nil || i.folder {
		return nil, false
	}
	return slices.Clone(i.content), true
}

// Files returns all files, by name.
func (b *Library) Files() []File {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	var out []File
	for _, i := range b.l.items {
		if !i.folder && !i.deleted {
			out = append(out, i.file())
		}
	}
	slices.SortFunc(out, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Columns returns the internal names of the columns that were added.
func (b *Library) Columns() []string {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	var out []string
	for _, v := range b.l.columns {
		if !v.builtIn {
			out = append(out, v.name)
		}
	}
	return out
}

// RemoveColumn deletes a column with what was written to it.
func (b *Library) RemoveColumn(name string) {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.l.columns = slices.DeleteFunc(b.l.columns, func(v *column) bool { return v.name == name && !v.builtIn })
	for _, i := range b.l.items {
		delete(i.fields, name)
	}
}

// A Resync is how Graph asks for a new enumeration.
type Resync string

// The two ways, which differ in what a client does with what only it has.
const (
	ApplyDifferences  Resync = "resyncChangesApplyDifferences"
	UploadDifferences Resync = "resyncChangesUploadDifferences"
)

// ForgetDelta makes all delta tokens too old: each is answered with 410 and a
// link to a new enumeration.
func (b *Library) ForgetDelta(how Resync) {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.l.epoch++
	b.l.resync = string(how)
}

// EndSessions ends all uploads on their way, as time does.
func (b *Library) EndSessions() {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	for k, u := range b.s.sessions {
		if u.list == b.l {
			delete(b.s.sessions, k)
		}
	}
}

// Sessions counts the uploads on their way.
func (b *Library) Sessions() int {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	n := 0
	for _, u := range b.s.sessions {
		if u.list == b.l {
			n++
		}
	}
	return n
}
