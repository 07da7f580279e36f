package apply

import (
	"github.com/orgstore/orgstore/packages/archive"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/plan"
)

// The codes of how a step ended otherwise than planned, or why it was made. They are
// stored in journals and never renamed.
const (
	CodeStale    verdict.Code = "op.stale"    // the store holds something else than was planned from
	CodeUndone   verdict.Code = "op.undone"   // it failed, and what was there before is back
	CodeWithdraw verdict.Code = "op.withdraw" // its task could not be taken back

	codeArchive                     = archive.Damaged
	codeFailed         verdict.Code = "op.failed"
	codeInterrupted    verdict.Code = "op.interrupted"
	codeKind           verdict.Code = "op.kind" // this version knows no such change
	codeNotRenewal     verdict.Code = "op.not_renewal"
	codeNoWayBack      verdict.Code = "op.no_way_back"
	codeRestoreFailed  verdict.Code = "op.restore_failed"
	codeStore          verdict.Code = "op.store"
	codeTaskFolder     verdict.Code = "op.store_folder"
	codeWayBack        verdict.Code = "op.way_back" // the reason of a step that goes back
	codeUnknownOutcome              = plan.CodeUnclear

	codeCheckNotReady verdict.Code = "check.not_ready"
	codeCheckStopped  verdict.Code = "check.stopped"
)
