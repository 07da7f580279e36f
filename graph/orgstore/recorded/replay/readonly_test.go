package replay

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

type counting int

func (c *counting) RoundTrip(*http.Request) (*http.Response, error) {
	*c++
	return nil, errors.New("sent")
}

// TestReadOnly: whoever reads holds a client that cannot send anything else.
func TestReadOnly(t *testing.T) {
	for _, c := range []struct {
		method, body, header string
		sent                 counting
	}{
		{method: http.MethodGet, sent: 1},
		{method: http.MethodGet, body: "x"},
		{method: http.MethodGet, header: "X-HTTP-Method-Override"},
		{method: http.MethodGet, header: "x-http-method"},
		{method: http.MethodPost},
		{method: http.MethodPut, body: "x"},
		{method: http.MethodPatch},
		{method: http.MethodDelete},
		{method: "get"},
		{method: "MERGE"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, "https://api.powerbi.com/x", strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if c.header != "" {
			req.Header.Set(c.header, http.MethodDelete)
		}
		var sent counting
		if _, err := (readOnly{&sent}).RoundTrip(req); err == nil || sent != c.sent {
			t.Errorf("%s %q %q was sent %d times, not %d", c.method, c.body, c.header, sent, c.sent)
		}
	}
}
