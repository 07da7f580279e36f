package main

import (
	"fmt"
	"os"
	"sync"
)

// A progress tells a person at a terminal how far it went, on one line. Elsewhere
// it says nothing.
type progress struct {
	sync.Mutex
	out              *os.File
	tried, surviving int
}

func newProgress(out *os.File) *progress {
	if info, err := out.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return &progress{}
	}
	return &progress{out: out}
}

func (p *progress) say(format string, args ...any) {
	if p.out != nil {
		fmt.Fprintf(p.out, "\r\x1b[K"+format, args...)
	}
}

// count counts one mutant that was tried.
func (p *progress) count(o outcome, of int) {
	p.Lock()
	defer p.Unlock()
	p.tried++
	if o == survived {
		p.surviving++
	}
	p.say("%d of %d tried, %d survived", p.tried, of, p.surviving)
}

// end clears the line.
func (p *progress) end() { p.say("") }
