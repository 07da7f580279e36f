package engine

import (
	"fmt"
	"sync"
)

// Notes collects what people should know beside a result. What arises in an operation
// is told with its result, whoever asked for it and from where. A nil Notes drops all.
type Notes struct {
	mu    sync.Mutex
	texts []string
}

// Add adds a note.
func (n *Notes) Add(text string) {
	if n == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.texts = append(n.texts, text)
}

// Take returns the notes in the order in which they arose, and begins anew.
func (n *Notes) Take() []string {
	if n == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	texts := n.texts
	n.texts = nil
	return texts
}

// note adds something that people should know beside the result.
func (p Ports) note(format string, args ...any) { p.Notes.Add(fmt.Sprintf(format, args...)) }

// announce tells a person at once what the engine waits for. If nobody can be told at
// once, it is a note.
func (p Ports) announce(text string) {
	if p.Announce == nil {
		p.Notes.Add(text)
		return
	}
	p.Announce(text)
}
