package sharepoint

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/orgstore/orgstore/packages/library"
)

// itemFacts are what SharePoint says about a file or folder.
type itemFacts struct {
	id, name, parent     string
	isFile, isFolder     bool
	isDeleted, isMalware bool
	size                 int64
	hash, ctag, etag     string
	modified             time.Time
	downloadURL          string // where its bytes are, for a few minutes and without a token
}

// A driveItem is the part of Graph's resource of that name that is used
// (documented).
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

func (i driveItem) toFacts() itemFacts {
	f := itemFacts{
		id: i.ID, name: i.Name, parent: i.Parent.ID, size: i.Size, etag: i.ETag, ctag: i.CTag,
		isFile: i.File != nil, isFolder: i.Folder != nil || i.Root != nil,
		isDeleted: i.Deleted != nil, isMalware: i.Malware != nil,
		modified: i.Modified.UTC(), downloadURL: i.URL,
	}
	if i.File != nil {
		f.hash = validHash(i.File.Hashes.QuickXor)
	}
	return f
}

// validHash returns a hash, or "" if the text is not one. A file may have no
// hash until it is downloaded for the first time (documented: hashes).
func validHash(s string) string {
	if b, err := base64.StdEncoding.DecodeString(s); err != nil || len(b) != quickXorSize {
		return ""
	}
	return s
}

// The prefix of a revision says what it is based on.
const (
	hashPrefix     = "x:" // the hash and the number of the bytes
	ctagPrefix     = "c:" // changes with the bytes
	etagPrefix     = "e:" // changes with anything, including our own columns
	folderRevision = "folder"
)

// revision prefers a value that changes only with the bytes, so that a file
// does not arrive again because we wrote into its columns. On SharePoint, delta
// leaves out cTag (documented), so without a hash it is the eTag. A file may
// then arrive twice, which is harmless.
func (f itemFacts) revision() string {
	switch {
	case !f.isFile:
		return folderRevision
	case f.hash != "":
		return hashPrefix + f.hash + ":" + strconv.FormatInt(f.size, 10)
	case f.ctag != "":
		return ctagPrefix + f.ctag
	}
	return etagPrefix + f.etag
}

// hasRevision reports whether a file may still have a revision. If one of the
// two does not say enough, the hash and length of the bytes will show it later.
func (f itemFacts) hasRevision(revision string) bool {
	switch {
	case !f.isFile:
		return revision == folderRevision
	case strings.HasPrefix(revision, hashPrefix):
		if f.hash != "" {
			return f.revision() == revision
		}
		return strings.HasSuffix(revision, ":"+strconv.FormatInt(f.size, 10))
	case strings.HasPrefix(revision, ctagPrefix):
		return f.ctag == "" || ctagPrefix+f.ctag == revision
	}
	return etagPrefix+f.etag == revision
}

// hashOfRevision returns the hash in a revision, or "".
func hashOfRevision(revision string) string {
	text, ok := strings.CutPrefix(revision, hashPrefix)
	if !ok {
		return ""
	}
	hash, _, _ := strings.Cut(text, ":")
	return hash
}

func (f itemFacts) toItem() library.Item {
	return library.Item{ID: f.id, Name: library.Legible(f.name), Size: f.size, Modified: f.modified, Revision: f.revision()}
}

// isArrival reports whether this is a package or a license in a folder. An
// empty file is still being written; it arrives when it has bytes. A folder
// with a package's name is an item that Fetch refuses, so that somebody learns
// of it.
func (f itemFacts) isArrival(folder string) bool {
	return !f.isDeleted && f.parent == folder && library.Arrives(f.name) && (f.isFolder || f.isFile && f.size > 0)
}
