package cli

import (
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/plan"
)

// codeWaiting says that a change was asked for by name and waits for a person.
const codeWaiting = verdict.Code(plan.CodeWaiting)
