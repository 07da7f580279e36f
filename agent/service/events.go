package service

import (
	"bytes"
	"strings"
)

// A severity is how the event log of Windows sorts what it is told.
type severity int

const (
	info severity = iota
	warning
	failure
)

// maxEvent bounds an event, in bytes: Windows takes 31,839 characters.
const maxEvent = 30000

// severityOf reads it from a line of the agent's log, in text or JSON, or from
// what a command says that failed.
func severityOf(line string) severity {
	words := strings.SplitN(line, " ", 3)
	has := func(level string) bool {
		inText := strings.HasPrefix(line, "time=") && len(words) > 1 && words[1] == "level="+level
		return inText || strings.HasPrefix(line, "{") && strings.Contains(line, `"level":"`+level+`"`)
	}
	switch {
	case has("ERROR") || strings.HasPrefix(line, "error:"):
		return failure
	case has("WARN"):
		return warning
	}
	return info
}

// An eventWriter makes an event of whatever is written at once.
type eventWriter struct{ report func(severity, string) error }

// Write never fails: who would be told?
func (w eventWriter) Write(p []byte) (int, error) {
	text := strings.ToValidUTF8(string(bytes.TrimSpace(p)), "?")
	text = strings.ReplaceAll(text, "\x00", "?") // it would end the event
	if len(text) > maxEvent {
		text = strings.ToValidUTF8(text[:maxEvent], "")
	}
	if text != "" {
		_ = w.report(severityOf(text), text)
	}
	return len(p), nil
}
