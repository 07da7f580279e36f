package service

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
)

func TestEventsTakeTheirSeverityFromTheLine(t *testing.T) {
	var told []string
	w := eventWriter{func(s severity, text string) error {
		told = append(told, fmt.Sprint(s, " ", text[:min(len(text), 5)]))
		return nil
	}}
	for _, h := range []slog.Handler{slog.NewTextHandler(w, nil), slog.NewJSONHandler(w, nil)} {
		log := slog.New(h)
		log.Info("a level=ERROR in the message is quoted")
		log.Warn("two")
		log.Error("three")
	}
	fmt.Fprintln(w, "error: cannot begin\nhint: mend it")
	fmt.Fprintln(w, "")
	want := []string{"0 time=", "1 time=", "2 time=", `0 {"tim`, `1 {"tim`, `2 {"tim`, "2 error"}
	for i := range want {
		want[i] = want[i][:7]
	}
	if !slices.Equal(told, want) {
		t.Errorf("told %q", told)
	}
}

func TestEventsAreBoundedAndWhole(t *testing.T) {
	var got string
	w := eventWriter{func(_ severity, text string) error { got = text; return nil }}
	fmt.Fprint(w, "a\x00b", strings.Repeat("è", maxEvent))
	if len(got) > maxEvent || !strings.HasPrefix(got, "a?b") || strings.ContainsRune(got, '\uFFFD') || !strings.HasSuffix(got, "è") {
		t.Errorf("%d bytes, %q...", len(got), got[:10])
	}
}
