package replay

import (
	"fmt"
	"net/http"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
)

// readOnly carries requests that read, and no others, whatever made them.
type readOnly struct{ http.RoundTripper }

// RoundTrip sends a GET without a body, and refuses anything else unsent.
func (r readOnly) RoundTrip(req *http.Request) (*http.Response, error) {
	refused := req.Method != http.MethodGet || req.Body != nil && req.Body != http.NoBody
	for name := range req.Header {
		refused = refused || recipe.IsMethodOverride(name)
	}
	if refused {
		return nil, fmt.Errorf("a request that may do more than read was not sent: %s %s", req.Method, req.URL.Host)
	}
	return r.RoundTripper.RoundTrip(req)
}

// listingClient returns what carries the list's requests: a client that can only read. A
// list that needs more is asked for only as the settings accept the recipe.
func (s *Store) listingClient() (*http.Client, error) {
	step, beyond := s.recipe.List.StepBeyondReading()
	switch {
	case !beyond:
		return s.reader, nil
	case s.approved == s.recipe.Digest():
		return s.client, nil
	}
	return nil, refuse(codeOff, "record a list that the page asks for by GET; or read what this one sends, and accept it under store: `digest: \""+s.recipe.Digest()+"\"` and `unofficial: accepted`",
		"the recipe's list sends %s, which may do more than read, and nothing is sent until the settings accept the recipe", step)
}
