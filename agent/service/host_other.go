//go:build !windows

package service

import (
	"context"
	"io"
)

// Errors is where a service writes what a terminal would show. Here whatever
// supervises it reads that.
func Errors(otherwise io.Writer) io.Writer { return otherwise }

// host does the work: signals are all that a supervisor here sends.
func host(ctx context.Context, work func(context.Context) error) error { return signaled(ctx, work) }
