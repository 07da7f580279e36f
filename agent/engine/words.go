package engine

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

type Visual struct {
	GUID  string `json:"guid"`
	Name  string `json:"name"`
	Store string `json:"store,omitempty"` // empty where it is about no one store
}

type State struct {
	Version     string `json:"version"`
	Digest      string `json:"digest"`
	LicenseEnds string `json:"license_ends"`
	Enabled     *bool  `json:"enabled,omitempty"` // where the store tells
}

type Reason struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// stateOf says what is there; nil where nothing is, or nobody can tell.
func stateOf(s store.State) *State {
	if s.Presence != store.Present || s.Release == nil {
		return nil
	}
	return &State{
		Version: s.Release.Version.String(), Digest: s.Release.Digest.String(),
		LicenseEnds: Timestamp(s.License.Ends), Enabled: s.Enabled,
	}
}

func ReasonsOf(findings []verdict.Finding) []Reason {
	out := make([]Reason, 0, len(findings))
	for _, f := range findings {
		out = append(out, Reason{string(f.Code), f.Message, f.Hint})
	}
	return out
}

// Timestamp is how programs read a time; empty for none.
func Timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// FormatDay is how people read the end of a license: it ends as that day begins, UTC.
func FormatDay(t time.Time) string {
	if t.IsZero() {
		return nothing
	}
	return t.UTC().Format(time.DateOnly)
}

// FormatTime is how people read when something happened.
func FormatTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// VersionText is how people read what a state holds.
func VersionText(s store.State) string {
	switch {
	case s.Presence == store.Absent:
		return nothing
	case s.Release == nil:
		return "unknown"
	case s.Enabled != nil && !*s.Enabled:
		return s.Release.Version.String() + " (access off)"
	}
	return s.Release.Version.String()
}

func digestText(r *visual.Release) string {
	if r == nil {
		return ""
	}
	return r.Digest.String()
}

// nothing stands in messages for what is not there.
const nothing = "-"

// Count counts things for people.
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func OrElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func IgnoreError(err, harmless error) error {
	if errors.Is(err, harmless) {
		return nil
	}
	return err
}

// reasonOf turns a plan's reason into what programs read.
func reasonOf(r plan.Reason) Reason { return Reason{string(r.Code), r.Message, r.Hint} }

// isBlank reports whether a text that people will look for says nothing.
func isBlank(s string) bool { return strings.TrimSpace(s) == "" }
