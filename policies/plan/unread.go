package plan

import (
	"fmt"
	"time"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
)

// CodeUnreadable says that a store cannot be looked into.
const CodeUnreadable Code = "store.unreadable"

// An Unread says why a store could not be looked into. Nothing is planned for it, and
// nothing goes on from it to the store after it; other stores are planned as ever.
type Unread struct {
	Since   time.Time // when that was first noticed
	Message string
	Hint    string
	Cause   verdict.Code // the code of the store's error; empty where it has none
}

// Reason says of a store, by its name, that it cannot be looked into.
func (u Unread) Reason(name string) Reason {
	return Reason{CodeUnreadable, fmt.Sprintf("%s cannot be read since %s: %s", StoreText(name), minute(u.Since), u.Message), u.Hint}
}

// StoreText names a store for people, by its name in the settings.
func StoreText(name string) string {
	if name == "store" { // what settings with one store call it
		return "the store"
	}
	return "the store " + name
}

// planUnread is what is said of a visual in a store that could not be looked into: it
// stays as it is, and nobody knows how it is.
func (v *visualPlan) planUnread(u Unread) *Idle {
	if v.want == nil && v.ask == nil && v.open == nil {
		return v.unpinned()
	}
	return v.blocked(u.Reason(v.key.Store))
}

// settleUnread takes what the journal believes for what is present: nobody looked.
func settleUnread(belief store.State, candidates []ranked) settled {
	if belief.Presence == "" {
		belief.Presence = store.Unknown
	}
	s := settled{state: belief}
	s.state.License.Ends = s.licenseEnds(candidates)
	return s
}

// Unreadable returns the ring where the store before cannot be looked into: nobody
// knows then what runs there.
func (r Ring) Unreadable() Ring {
	if r.Trouble == "" { // the same words each time: overrides are matched by them
		r.Trouble = "it cannot be read"
	}
	return r
}
