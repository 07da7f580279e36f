package main

import "time"

// maxWait bounds how long a mutant may take by the clock, as a multiple of what it
// may take of a processor's time: other programs may keep the processors busy.
const maxWait = 20

// watch calls stop once a process has used so much of a processor's time. The
// caller calls what it returns when the process has ended.
func watch(pid int, limit time.Duration, stop func()) (end func()) {
	begun, done := time.Now(), make(chan struct{})
	go func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			used, known := processorTime(pid)
			if !known {
				used = time.Since(begun)
			}
			if used > limit {
				stop()
				return
			}
		}
	}()
	return func() { close(done) }
}
