//go:build !windows

package service

import "context"

// host does the work: signals are all that a supervisor here sends.
func host(ctx context.Context, work func(context.Context) error) error { return signaled(ctx, work) }
