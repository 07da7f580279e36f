package tenant

import (
	"strings"
	"time"

	"github.com/orgstore/orgstore/packages/visual"
)

// An Operation is what happened to the Organizational Store, in Microsoft's
// words (documented: "Operation list", fabric-docs).
type Operation string

// The operations on the store.
const (
	Inserted Operation = "InsertOrganizationalGalleryItem"
	Updated  Operation = "UpdateOrganizationalGalleryItem"
	Deleted  Operation = "DeleteOrganizationalGalleryItem"
)

// Operations lists every operation on the store, in the order of the constants.
func Operations() []Operation { return []Operation{Inserted, Updated, Deleted} }

// An Event is one change of the Organizational Store, as the activity log tells
// it. Microsoft shows no example of such a record: whether Item and Object name
// the visual, its id or nothing is unknown, so an event says that the store
// changed, by whom and when; not to what, and never to which version.
type Event struct {
	ID        string    // Microsoft's; empty where none was told
	At        time.Time // UTC; zero where none could be read
	Operation Operation
	User      string // who did it, by name: personal data
	Item      string // ItemName, or what stands for it
	Object    string // ObjectId
	Failed    bool   // told as not successful
}

// Key tells events apart: by their id or, where none was told, by a digest of
// all else.
func (e Event) Key() string {
	if e.ID != "" {
		return e.ID
	}
	all := []string{string(e.Operation), e.At.UTC().Format(time.RFC3339Nano), e.User, e.Item, e.Object}
	return visual.DigestOf([]byte(strings.Join(all, "\x00"))).String()
}
