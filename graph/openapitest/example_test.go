package openapitest_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/graph/openapitest"
)

// What is held to a description must let through what Microsoft itself shows of
// it, asked and answered; where it does not, Microsoft's services may answer
// either way, and whoever reads them has to bear both.
func TestMicrosoftsExamplesFitTheirDescription(t *testing.T) {
	const (
		noToken = `"/continuationToken": Value is not nullable`
		noZone  = `/lastUpdatedDate": string doesn't match the format "date-time"`
	)
	differ := map[string]string{
		"Get a list of items using type query parameter example":       noToken,
		"Get a list of workspaces using state query parameter example": noToken,
		"Get all items in the tenant example":                          noZone,
		"Get item details by ID and type example":                      noZone,
		"Get item details by ID example":                               noZone,
		"List all items in workspace example":                          `"/value/1/type": value is not one of the allowed values`,
	}
	checker, err := openapitest.New(map[string]string{"fabric": "https://fabric.example"})
	if err != nil {
		t.Fatal(err)
	}
	examples, err := openapitest.Examples()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range examples {
		t.Run(e.Name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), e.Method, "https://fabric.example"+e.Path, bytes.NewReader(e.Request))
			if err != nil {
				t.Fatal(err)
			}
			if e.Request != nil {
				req.Header.Set("Content-Type", "application/json")
			}
			kind := ""
			if e.Response != nil {
				kind = "application/json; charset=utf-8"
			}
			r := &recorder{TB: t}
			resp, err := checker.Transport(r, cannedResponse{e.Status, kind, string(e.Response)}).RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			said, known := strings.Join(r.failures, "\n"), differ[e.Name]
			if (said == "") != (known == "") || !strings.Contains(said, known) || len(r.failures) > 1 {
				t.Errorf("got %q, want %q", said, known)
			}
		})
	}
	if len(examples) < 20 {
		t.Errorf("only %d examples", len(examples))
	}
}
