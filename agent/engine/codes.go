package engine

import "github.com/orgstore/orgstore/agent/apply"

// The codes with which operations fail that say more than that something failed. They
// are stable: other programs branch on them.
const (
	CodeApprovalStale = "approval.stale" // what was approved is not what waits
	CodePlanStale     = "plan.stale"     // what a saved plan was computed from has changed
	CodeStepGone      = "plan.step_gone" // a saved plan has a step that is planned no more
	CodeSettingsMoved = "settings.moved" // the settings name another data folder now

	CodeStale  = apply.CodeStale
	CodeUndone = apply.CodeUndone

	CodeRollbackRevision = "rollback.revision" // there is no such revision to go back to
	CodeRollbackWaiting  = "rollback.waiting"  // a task of the visual waits for a person
)
