package fault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/disk/statefile"
	"github.com/orgstore/orgstore/packages/verdict"
)

func TestErrorsBecomeFaults(t *testing.T) {
	own := fault.New("plan.stale", "look again", "the plan is stale: %w", errors.New("why"))
	for _, c := range []struct {
		err        error
		code, hint string
	}{
		{own, "plan.stale", "look again"},
		{fmt.Errorf("around: %w", own), "plan.stale", "look again"},
		{verdict.Refuse("lic.none", "no license", "ask the vendor"), "lic.none", "ask the vendor"},
		{journal.ErrLost, fault.CodeLocked, "nothing more was done by this run: look at orgstore history, then run the command again"},
		{context.Canceled, fault.CodeCanceled, "nothing is lost: run the command again to go on"},
		{fmt.Errorf("around: %w", &statefile.NewerError{Name: "state", Format: 2, Known: 1}), fault.CodeUnknown, "update orgstore"},
		{fault.Usage("see --help", "wrong"), fault.CodeUsage, "see --help"},
	} {
		if f := fault.Of(c.err); f.Code != c.code || f.Hint != c.hint {
			t.Errorf("%v: %q %q", c.err, f.Code, f.Hint)
		}
	}
	if fault.Known(errors.New("surprise")) != nil || fault.Of(errors.New("surprise")).Code != fault.CodeUnknown {
		t.Error("a surprise is known")
	}
}

func TestCauseOfAFault(t *testing.T) {
	f := fault.New("plan.step_gone", "", "gone")
	if f.Cause() != "plan.step_gone" {
		t.Error(f.Cause())
	}
	if due := f.DueTo(fault.CodeLicense); due.Cause() != fault.CodeLicense || due.Code != "plan.step_gone" || f.Because != "" {
		t.Errorf("%+v, %+v", due, f)
	}
}
