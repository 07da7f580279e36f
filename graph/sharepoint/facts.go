package sharepoint

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/models"

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

func factsOf(i models.DriveItemable) facts {
	if i == nil {
		return facts{}
	}
	f := facts{
		id: text(i.GetId()), name: text(i.GetName()), ctag: text(i.GetCTag()), etag: text(i.GetETag()),
		file: i.GetFile() != nil, folder: i.GetFolder() != nil || i.GetRoot() != nil,
		deleted: i.GetDeleted() != nil, malware: i.GetMalware() != nil,
	}
	if p := i.GetParentReference(); p != nil {
		f.parent = text(p.GetId())
	}
	if s := i.GetSize(); s != nil {
		f.size = *s
	}
	if m := i.GetLastModifiedDateTime(); m != nil {
		f.modified = m.UTC()
	}
	if file := i.GetFile(); file != nil && file.GetHashes() != nil {
		f.hash = hashText(text(file.GetHashes().GetQuickXorHash()))
	}
	if u, ok := i.GetAdditionalData()["@microsoft.graph.downloadUrl"].(*string); ok {
		f.url = text(u)
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
