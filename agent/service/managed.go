package service

import "context"

// A request is what a service manager asks of running work.
type request int

const (
	interrogate request = iota // say again how it stands
	stop
)

// managed does the work while a manager asks: it answers each question, and at a
// stop cancels the work and tells so until the work has ended. Work that ends by
// itself ends the service, or the manager would show for ever what runs no more.
func managed(ctx context.Context, work func(context.Context) error, asked <-chan request, tell func(stopping bool)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- work(ctx) }()
	stopping := false
	tell(stopping)
	for {
		select {
		case err := <-done:
			return err
		case r := <-asked:
			if r == stop {
				stopping = true
				cancel()
			}
			tell(stopping)
		}
	}
}
