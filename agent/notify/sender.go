package notify

import (
	"context"
	"fmt"
)

// A Sender is the way to whoever a channel tells.
type Sender interface {
	// Send sends a message. A message may be sent twice, under its ID.
	Send(ctx context.Context, m Message) error
}

// Subject is the first line of a message.
func (m Message) Subject() string {
	if len(m.Notices) == 1 {
		return "[orgstore] " + m.Notices[0].Title
	}
	return fmt.Sprintf("[orgstore] %d notices: %s", len(m.Notices), m.Notices[0].Title)
}
