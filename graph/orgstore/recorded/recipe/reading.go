package recipe

import (
	"net/http"
)

// StepBeyondReading returns the first of the list's steps that may do more than read; false
// where all of them only read. A request reads if it is a GET, has no body, and asks for no
// other method in a header.
func (l List) StepBeyondReading() (Step, bool) {
	for _, s := range l.Steps {
		if s.Method != http.MethodGet || s.Body != nil {
			return s, true
		}
		for _, h := range s.Headers {
			if IsMethodOverride(h.Name) {
				return s, true
			}
		}
	}
	return Step{}, false
}

// IsMethodOverride says whether a header asks the server to take a request for one of
// another method.
func IsMethodOverride(header string) bool {
	switch http.CanonicalHeaderKey(header) {
	case "X-Http-Method-Override", "X-Http-Method", "X-Method-Override":
		return true
	}
	return false
}
