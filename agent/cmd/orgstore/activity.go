package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/powerbi"
	"github.com/orgstore/orgstore/packages/tenant"
)

// Changes reads the activity log from a mark on.
func (r *remote) Changes(ctx context.Context, mark []byte, now time.Time) ([]tenant.Event, []byte, time.Time, error) {
	var since powerbi.Mark
	if len(mark) > 0 {
		if err := json.Unmarshal(mark, &since); err != nil {
			return nil, nil, time.Time{}, fmt.Errorf("the mark of the activity log cannot be understood: %w", err)
		}
	}
	if off := r.connection.Cloud().UnavailableReason(graph.PowerBI); off != "" {
		return nil, mark, since.Until, errors.New(off)
	}
	log := powerbi.New(r.connection).ActivityLog(since, now)
	var told []tenant.Event
	var failure error
	for e, err := range log.Events(ctx) {
		if err != nil {
			failure = err
			break
		}
		told = append(told, e)
	}
	read := log.Mark()
	next, err := json.Marshal(read)
	return told, next, read.Until, errors.Join(failure, err)
}
