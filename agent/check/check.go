// Package check asks, after a change, what the tenant itself wants to know of
// it: a command that runs here, or a webhook. It knows what a check is told and
// how it answers; it does not know what follows from an answer.
package check

import (
	"cmp"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

// A Change is what a check is told about the change that was made. It holds no
// secret. Other programs read the words: they are never renamed.
type Change struct {
	// ID is the same whenever the same change is checked again, after a crash say.
	ID      string `json:"id"`
	Kind    string `json:"change"`
	GUID    string `json:"guid"`
	Name    string `json:"name"`
	Store   string `json:"store"`
	From    string `json:"from_version"` // empty where there was none
	Version string `json:"version"`
	Digest  string `json:"digest"` // of the package file
	Ends    string `json:"license_ends"`
	Claim   string `json:"claim"` // how far the store could be read back
}

// Of says what a check is told of a step that led to a state.
func Of(id string, s plan.Step, made store.State) Change {
	c := Change{
		ID: id, Kind: string(s.Kind), GUID: s.Key.GUID.String(), Name: printable(s.Name), Store: s.Key.Store,
		From: version(s.From.Release), Version: version(made.Release), Claim: string(made.Claim),
	}
	if made.Release != nil {
		c.Digest = made.Release.Digest.String()
	}
	if !made.License.Ends.IsZero() {
		c.Ends = made.License.Ends.UTC().Format(time.RFC3339)
	}
	return c
}

func version(r *visual.Release) string {
	if r == nil {
		return ""
	}
	return r.Version.String()
}

// printable keeps a name that a stranger gave to one line of text.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(s, "?"))
}

// Body is what a command reads and a webhook gets: the change, as JSON.
func (c Change) Body(at time.Time) ([]byte, error) {
	return json.Marshal(struct {
		Type      string `json:"type"`
		Timestamp string `json:"timestamp"`
		Data      Change `json:"data"`
	}{"change.check", at.UTC().Format(time.RFC3339), c}, json.Deterministic(true), jsontext.Multiline(true))
}

// variables are the same for the environment of a command.
func (c Change) variables() []string {
	const prefix = "ORGSTORE_CHECK_"
	return []string{
		prefix + "ID=" + c.ID, prefix + "CHANGE=" + c.Kind, prefix + "GUID=" + c.GUID, prefix + "NAME=" + c.Name,
		prefix + "STORE=" + c.Store, prefix + "FROM_VERSION=" + c.From, prefix + "VERSION=" + c.Version,
		prefix + "DIGEST=" + c.Digest, prefix + "LICENSE_ENDS=" + c.Ends, prefix + "CLAIM=" + c.Claim,
	}
}

// refused is an answer that the change is bad.
func refused(by, message string) journal.Checked {
	return journal.Checked{By: by, Answer: journal.Refused, Message: cmp.Or(message, "it failed")}
}
