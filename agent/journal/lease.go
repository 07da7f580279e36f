package journal

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A Lease says who may change stores: whoever has the newest term, until a
// moment. A holder that stops answering loses it by time alone; what it would
// append afterwards is refused, so it cannot record what it does behind the back
// of the next.
type Lease struct {
	Term  int64     // counts up with every holder; zero: nobody ever had it
	Until time.Time // from here on anybody may take it
}

// A Claim asks for the lease.
type Claim struct {
	// Term is the one to be extended or given back; zero asks for a new one.
	Term int64
	Now  time.Time
	// Until is when the lease ends by itself; not after Now gives it back.
	Until time.Time
	// Seize takes it although another's has not ended, because it is known that
	// its holder is gone.
	Seize bool
}

// Gives says whether the claim gives the lease back.
func (c Claim) Gives() bool { return !c.Until.After(c.Now) }

// Grant answers a claim while a lease is in force; logs share it. It returns the
// lease as it is to be, or *LeasedError, or ErrLost.
func (c Claim) Grant(held Lease) (Lease, error) {
	switch {
	case c.Term != 0 && c.Term != held.Term:
		return Lease{}, ErrLost
	case c.Term == 0 && !c.Seize && c.Now.Before(held.Until):
		return Lease{}, &LeasedError{held.Until}
	case c.Term == 0:
		return Lease{held.Term + 1, c.Until}, nil
	}
	return Lease{held.Term, c.Until}, nil
}

// ErrLost is the error of a holder whose lease another took meanwhile.
var ErrLost = errors.New("another orgstore has taken over changing the stores, because this one did not answer in time")

// LeasedError is the error of who asks for a lease that another has.
type LeasedError struct{ Until time.Time }

// Error says until when.
func (e *LeasedError) Error() string {
	return fmt.Sprintf("another orgstore may change the stores until %s, or longer if it goes on", e.Until.UTC().Format(time.RFC3339))
}

// AcquireLease takes the lease for a while, or extends the one this journal has. From
// then on it appends only while nobody else has taken it: then the error is
// ErrLost. Other errors are *LeasedError and those of the log.
func (j *Journal) AcquireLease(ctx context.Context, term time.Duration, seize bool) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := j.stamp.Clock()
	lease, err := j.log.Lease(ctx, Claim{Term: j.term, Now: now, Until: now.Add(term), Seize: seize})
	if err != nil {
		return err
	}
	j.term = lease.Term
	return nil
}

// ReleaseLease gives the lease back, if this journal has it.
func (j *Journal) ReleaseLease(ctx context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.term == 0 {
		return nil
	}
	now := j.stamp.Clock()
	_, err := j.log.Lease(ctx, Claim{Term: j.term, Now: now, Until: now})
	j.term = 0
	if errors.Is(err, ErrLost) { // then there is nothing to give back
		err = nil
	}
	return err
}
