package simulator

import (
	"maps"
	"slices"
)

// Secrets returns what no client may write anywhere: the secrets of the apps
// and all tokens. Tests look for them in logs, errors, and files.
func (s *Simulator) Secrets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Collect(maps.Keys(s.tokens))
	for _, a := range s.apps {
		if a.Secret != "" {
			all = append(all, a.Secret)
		}
	}
	return all
}
