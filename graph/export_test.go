package graph

import "time"

// WaitForTwo waits until two callers wait for one token.
func WaitForTwo(c *Connection) {
	for {
		c.credential.mu.Lock()
		for _, f := range c.credential.pending {
			if f.waiting == 2 {
				c.credential.mu.Unlock()
				return
			}
		}
		c.credential.mu.Unlock()
		time.Sleep(time.Millisecond)
	}
}
