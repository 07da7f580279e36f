package engine

import (
	"context"

	"github.com/orgstore/orgstore/policies/plan"
)

// LookAndPlan looks at everything and computes the plan.
func LookAndPlan(ctx context.Context, e *Engine) (plan.Plan, plan.Input, error) {
	return e.lookAndPlan(ctx, nil)
}
