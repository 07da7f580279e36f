package check

import (
	"regexp"
	"strings"
	"sync"
)

const (
	maxOutput = 2 << 10 // in bytes
	maxLines  = 20
	// leastSecret is how long a text is at least that is taken for a secret: a
	// shorter one stands in any output.
	leastSecret = 6
)

// beginning keeps the beginning of what is written to it, and takes the rest
// without keeping it: a program must not stand still because nobody reads.
type beginning struct {
	mu   sync.Mutex
	kept []byte
	cut  bool
}

// Write never fails.
func (b *beginning) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	// Some more than is kept, so that a secret is not cut in two before it is
	// found.
	room := 2*maxOutput - len(b.kept)
	b.kept = append(b.kept, p[:min(room, len(p))]...)
	b.cut = b.cut || len(p) > room
	return len(p), nil
}

// What looks like a secret, whoever wrote it.
var secretForms = []*regexp.Regexp{
	regexp.MustCompile(`eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?`),
	regexp.MustCompile(`(?i)\bbearer\s+\S+`),
	regexp.MustCompile(`(?i)\b(authorization|cookie|set-cookie)\s*:.*`),
	regexp.MustCompile(`(?i)[a-z0-9_-]*(password|passwd|pwd|secret|token|apikey|api[_-]key|accountkey|sig)\b["']?\s*[=:]\s*\S+`),
}

// text is what is kept for people: the first lines, without secrets.
func (b *beginning) text(secrets []string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := strings.ReplaceAll(strings.ToValidUTF8(string(b.kept), "?"), "\r\n", "\n")
	for _, secret := range secrets {
		if len(secret) >= leastSecret {
			s = strings.ReplaceAll(s, secret, "***")
		}
	}
	for _, form := range secretForms {
		s = form.ReplaceAllString(s, "***")
	}
	cut := b.cut
	if lines := strings.SplitAfterN(s, "\n", maxLines+1); len(lines) > maxLines {
		s, cut = strings.Join(lines[:maxLines], ""), true
	}
	if len(s) > maxOutput {
		s, cut = strings.ToValidUTF8(s[:maxOutput], ""), true
	}
	s = strings.TrimSpace(s)
	if cut {
		s += "\n..."
	}
	return s
}
