// Package enginetest has installations for tests, in the process of the test: on a
// disk in memory that can lose power, with a journal in memory. A Stage stops or
// disturbs what an engine does at any point where it writes. Which stores and which
// library there are, the test says by its ports.
package enginetest

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"

	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/disk/disktest"
)

// A Stage is the one place that everything passes which an engine writes: before and
// after each change of the disk and each append to the journal.
type Stage struct {
	// Pass is told each point in turn, n from 1: "before rename a b", "after recording
	// begun". An error makes what it stands before fail without being made, and an
	// append that it stands after seem to have failed.
	Pass func(n int, point string) error

	mu sync.Mutex
	n  int
}

// Watch puts the stage under an engine's ports.
func (s *Stage) Watch(p engine.Ports) engine.Ports {
	p.Disk = disktest.Watch(p.Disk, disktest.Hook{
		Before: func(op disktest.Op) error { return s.point("before", describe(op)) },
		After:  func(op disktest.Op, _ error) { _ = s.point("after", describe(op)) },
	})
	open := p.OpenJournal
	p.OpenJournal = func(ctx context.Context, path string) (journal.Log, error) {
		if err := s.point("before", "opening the journal"); err != nil {
			return nil, err
		}
		log, err := open(ctx, path)
		_ = s.point("after", "opening the journal")
		return stagedLog{log, s}, err
	}
	return p
}

func (s *Stage) point(when, what string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	return s.Pass(s.n, when+" "+what)
}

func describe(op disktest.Op) string { return strings.TrimSpace(op.Kind + " " + op.Name + " " + op.To) }

type stagedLog struct {
	journal.Log
	s *Stage
}

// Append implements journal.Log.
func (l stagedLog) Append(ctx context.Context, records []journal.Record) error {
	what := "recording " + kindsOf(records)
	if err := l.s.point("before", what); err != nil {
		return err
	}
	err := l.Log.Append(ctx, records)
	return errors.Join(err, l.s.point("after", what))
}

// kindsOf names the kinds of facts in records.
func kindsOf(records []journal.Record) string {
	var kinds []string
	for _, r := range records {
		var body struct {
			Fact struct {
				Kind string `json:"kind"`
			} `json:"fact"`
		}
		if err := json.Unmarshal(r.Body, &body); err != nil {
			panic(err) // the journal wrote it a moment ago
		}
		kinds = append(kinds, body.Fact.Kind)
	}
	return strings.Join(kinds, ", ")
}
