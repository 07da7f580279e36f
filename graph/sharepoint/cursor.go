package sharepoint

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/orgstore/orgstore/packages/library"
)

// cursorVersion is the version of the cursor's format.
const cursorVersion = 1

const (
	// maxMissing bounds how many missing items are looked for again, and
	// maxMissingLooks bounds how often.
	maxMissing      = 1000
	maxMissingLooks = 10
)

// fullEvery is how often a library is listed in full: should the service ever leave
// an item out of its changes, the package arrives a day late, and not never.
const fullEvery = 24 * time.Hour

// isFullDue says whether the library is to be listed in full. A clock that went
// back counts as a day.
func (s cursorState) isFullDue(now time.Time) bool {
	return s.Delta == "" || now.Before(s.Listed) || now.Sub(s.Listed) >= fullEvery
}

// A cursorState is the content of a cursor: the library's place, the link to
// continue from, and a mark for each file there, by its id. It takes about
// sixty bytes per file.
type cursorState struct {
	Version     int               `json:"v"`
	SettingsKey string            `json:"for"` // identifies the library as the settings name it
	Site        string            `json:"site"`
	List        string            `json:"list"`
	Drive       string            `json:"drive"`
	Folder      string            `json:"folder"`
	Delta       string            `json:"delta"`
	Marks       map[string]string `json:"seen"`
	// Listed is when the library was last listed in full.
	Listed time.Time `json:"listed,omitzero"`
	// Missing counts how often each missing item was looked for again, by its
	// id. A missing item was listed but could not be found.
	Missing map[string]int `json:"missing,omitempty"`
}

func (s cursorState) toPlace() place {
	return place{IDs: IDs{Site: s.Site, List: s.List, Drive: s.Drive}, Folder: s.Folder}
}

func (s cursorState) encodeCursor() (library.Cursor, error) {
	b, err := json.Marshal(s, json.Deterministic(true))
	return library.Cursor(b), err
}

// parseCursor reads what encodeCursor wrote. Any other cursor counts as empty:
// a file seen twice is harmless, a missed one is not.
func (l *Library) parseCursor(c library.Cursor) (cursorState, bool) {
	var s cursorState
	if err := json.Unmarshal([]byte(c), &s); err != nil || s.Version != cursorVersion || s.Drive == "" || s.Folder == "" {
		return cursorState{}, false
	}
	if _, err := l.checkGraphLink(s.Delta); err != nil {
		return cursorState{}, false
	}
	return s, true
}

// settingsKey is a digest of how the settings name the library. Under another
// name, the library is looked up again.
func (o Options) settingsKey() string {
	sum := sha256.New()
	for _, s := range []string{o.Site, o.Library, o.Folder, o.IDs.Site, o.IDs.List, o.IDs.Drive} {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		sum.Write(slices.Concat(n[:], []byte(s)))
	}
	return base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:12])
}

// markOf returns the start of a digest of a file's name and revision. A renamed
// file arrives again, because its name says what it is.
func markOf(i library.Item) string {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(i.Name)))
	sum := sha256.Sum256(slices.Concat(n[:], []byte(i.Name), []byte(i.Revision)))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// Without removes items from a cursor that had disappeared when they were
// fetched. An item that is restored from the recycle bin then arrives again.
// One server of the service may not know yet what another has listed, so the
// next calls of Changes look for each item again.
func (l *Library) Without(c library.Cursor, items ...library.Item) library.Cursor {
	s, ok := l.parseCursor(c)
	if !ok {
		return c
	}
	if s.Missing == nil {
		s.Missing = map[string]int{}
	}
	for _, i := range items {
		delete(s.Marks, i.ID)
		if len(s.Missing) < maxMissing {
			s.Missing[i.ID] = 0
		}
	}
	if next, err := s.encodeCursor(); err == nil {
		return next
	}
	return c
}
