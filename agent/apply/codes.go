package apply

import (
	"github.com/orgstore/orgstore/packages/archive"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/plan"
)

// The codes of how a step ended otherwise than planned. They are stored in journals
// and never renamed.
const (
	codeArchive                     = archive.Damaged
	codeFailed         verdict.Code = "op.failed"
	codeInterrupted    verdict.Code = "op.interrupted"
	codeNoWayBack      verdict.Code = "op.no_way_back"
	codeRestoreFailed  verdict.Code = "op.restore_failed"
	codeStale          verdict.Code = "op.stale"
	codeStore          verdict.Code = "op.store"
	codeUndone         verdict.Code = "op.undone"
	codeUnknownOutcome              = plan.CodeUnclear
)
