package sharepoint

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/orgstore/orgstore/packages/library"
)

// facts are what SharePoint tells of a file or folder.
type facts struct {
	id, name, parent string
	file, folder     bool
	deleted, malware bool
	size             int64
	hash, ctag, etag string
	modified         time.Time
	url              string // where its bytes are, for a few minutes and without a token
}

// A driveItem is what is read of Graph's resource of that name (documented).
type driveItem struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Size     int64     `json:"size"`
	ETag     string    `json:"eTag"`
	CTag     string    `json:"cTag"`
	Modified time.Time `json:"lastModifiedDateTime"`
	URL      string    `json:"@microsoft.graph.downloadUrl"`
	Parent   struct {
		ID string `json:"id"`
	} `json:"parentReference"`
	File *struct {
		Hashes struct {
			QuickXor string `json:"quickXorHash"`
		} `json:"hashes"`
	} `json:"file"`
	Folder  *struct{} `json:"folder"`
	Root    *struct{} `json:"root"`
	Deleted *struct{} `json:"deleted"`
	Malware *struct{} `json:"malware"`
}

func (i driveItem) facts() facts {
	f := facts{
		id: i.ID, name: i.Name, parent: i.Parent.ID, size: i.Size, etag: i.ETag, ctag: i.CTag,
		file: i.File != nil, folder: i.Folder != nil || i.Root != nil,
		deleted: i.Deleted != nil, malware: i.Malware != nil,
		modified: i.Modified.UTC(), url: i.URL,
	}
	if i.File != nil {
		f.hash = hashText(i.File.Hashes.QuickXor)
	}
	return f
}

// hashText is a hash if it is one, and empty otherwise: one may be missing until
// a file was downloaded for the first time (documented: hashes).
func hashText(s string) string {
	if b, err := base64.StdEncoding.DecodeString(s); err != nil || len(b) != quickXorSize {
		return ""
	}
	return s
}

// A revision starts with what it is made of.
const (
	byHash   = "x:" // the hash of the bytes, and how many there are
	byCTag   = "c:" // changes with the bytes
	byETag   = "e:" // changes with anything, our own columns too
	isFolder = "folder"
)

// revision prefers what changes with the bytes alone, so that what we write
// into the columns does not make a file arrive again. Delta leaves cTag out on
// SharePoint (documented), so that without a hash it is the eTag: a file may
// then arrive twice, which is harmless.
func (f facts) revision() string {
	switch {
	case !f.file:
		return isFolder
	case f.hash != "":
		return byHash + f.hash + ":" + strconv.FormatInt(f.size, 10)
	case f.ctag != "":
		return byCTag + f.ctag
	}
	return byETag + f.etag
}

// is says whether a file is still what it was when it had a revision. What one
// of the two does not tell, the bytes' hash and length will.
func (f facts) is(revision string) bool {
	switch {
	case !f.file:
		return revision == isFolder
	case strings.HasPrefix(revision, byHash):
		if f.hash != "" {
			return f.revision() == revision
		}
		return strings.HasSuffix(revision, ":"+strconv.FormatInt(f.size, 10))
	case strings.HasPrefix(revision, byCTag):
		return f.ctag == "" || byCTag+f.ctag == revision
	}
	return byETag+f.etag == revision
}

// hashIn is the hash that a revision holds, if any.
func hashIn(revision string) string {
	text, ok := strings.CutPrefix(revision, byHash)
	if !ok {
		return ""
	}
	hash, _, _ := strings.Cut(text, ":")
	return hash
}

func (f facts) item() library.Item {
	return library.Item{ID: f.id, Name: library.Legible(f.name), Size: f.size, Modified: f.modified, Revision: f.revision()}
}

// arrives says whether this is a package or a license that lies in a folder. An
// empty file is one that is still being written: it comes when it no longer is.
// A folder that is called like a package is an item that Fetch refuses, so that
// somebody hears of it.
func (f facts) arrives(folder string) bool {
	return !f.deleted && f.parent == folder && library.Arrives(f.name) && (f.folder || f.file && f.size > 0)
}
