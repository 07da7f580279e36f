// Package openapitest checks the HTTP traffic of tests against Microsoft's own
// descriptions of its services: each request of ours, and each answer of a
// simulated service.
//
// Calls that Microsoft's descriptions leave out are in one table, with the page
// that documents them. A call that is in neither fails the test.
package openapitest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// maxChecked bounds the bodies that are checked. Longer ones pass unchecked.
const maxChecked = 8 << 20

// A Checker checks calls against the descriptions. It may be used from several
// goroutines.
type Checker struct {
	operations map[string][]operation
	bases      map[string]string

	mu         sync.Mutex
	callCounts map[string]int
}

// An operation is one path and method of a description.
type operation struct {
	spec      *openapi3.T
	method    string
	path      string
	variables int
	match     *regexp.Regexp
	item      *openapi3.PathItem
	operation *openapi3.Operation
}

// New returns a checker. The bases are the URLs of the services by their names:
// login, graph, powerbi, fabric, and files.
func New(bases map[string]string) (*Checker, error) {
	operations, err := loadOperations()
	if err != nil {
		return nil, err
	}
	return &Checker{bases: bases, operations: operations, callCounts: map[string]int{}}, nil
}

// loadOperations reads the descriptions once for all tests of a package.
// Reading takes longer than most tests.
var loadOperations = sync.OnceValues(func() (map[string][]operation, error) {
	dir, err := descriptionsDir()
	if err != nil {
		return nil, err
	}
	all := map[string][]operation{}
	for _, d := range []struct {
		service, file, prefix string
		read                  func([]byte) (*openapi3.T, error)
	}{
		{"graph", "graph-v1.0-trimmed.yaml", "/v1.0", readV3},
		{"powerbi", "powerbi-admin-trimmed.json", "", readV2},
		{"fabric", "fabric-trimmed.json", "/v1", readV2},
	} {
		b, err := os.ReadFile(filepath.Join(dir, d.file))
		if err != nil {
			return nil, fmt.Errorf("cannot read a description: %w", err)
		}
		spec, err := d.read(b)
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", d.file, err)
		}
		if err := correctSpec(d.service, spec); err != nil {
			return nil, err
		}
		all[d.service] = operationsOf(d.prefix, spec)
	}
	return all, nil
})

// descriptionsDir finds the folder of the descriptions from the directory of
// any test.
func descriptionsDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "graph", "testdata", "microsoft"), nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("cannot find the module's folder")
		}
	}
}

func readV3(b []byte) (*openapi3.T, error) { return openapi3.NewLoader().LoadFromData(b) }

func readV2(b []byte) (*openapi3.T, error) {
	var d openapi2.T
	if err := d.UnmarshalJSON(b); err != nil {
		return nil, err
	}
	return openapi2conv.ToV3(&d)
}

var (
	variablePattern = regexp.MustCompile(`\\\{([^}]+)\\\}`)
	// multiSegment are the variables that match several segments of a path.
	multiSegment = []string{"server-relative-path", "item-path", "file-name"}
)

func pathPattern(path string) *regexp.Regexp {
	expr := variablePattern.ReplaceAllStringFunc(regexp.QuoteMeta(path), func(v string) string {
		name := strings.ReplaceAll(strings.Trim(v, `\{}`), `\`, "")
		if slices.Contains(multiSegment, name) || strings.HasSuffix(name, "...") {
			return `([^:]+)`
		}
		return `([^/:]+)`
	})
	return regexp.MustCompile("^" + expr + "$")
}

// operationsOf lists a description's operations, those with the fewest
// variables first.
func operationsOf(prefix string, spec *openapi3.T) (all []operation) {
	for path, item := range spec.Paths.Map() {
		for method, does := range item.Operations() {
			all = append(all, operation{
				spec: spec, method: method, path: prefix + path, variables: strings.Count(path, "{"),
				match: pathPattern(prefix + path), item: item, operation: does,
			})
		}
	}
	slices.SortFunc(all, func(a, b operation) int {
		if n := a.variables - b.variables; n != 0 {
			return n
		}
		return strings.Compare(a.path+a.method, b.path+b.method)
	})
	return all
}

func (c *Checker) findOperation(service, method, path string) (operation, map[string]string, bool) {
	for _, o := range c.operations[service] {
		m := o.match.FindStringSubmatch(path)
		if o.method != method || m == nil {
			continue
		}
		vars := map[string]string{}
		for i, name := range pathVariables(o.path) {
			vars[name] = m[i+1]
		}
		return o, vars, true
	}
	return operation{}, nil, false
}

func pathVariables(path string) (names []string) {
	for _, part := range strings.Split(path, "{")[1:] {
		name, _, _ := strings.Cut(part, "}")
		names = append(names, name)
	}
	return names
}

// serviceOf returns the service that a request goes to.
func (c *Checker) serviceOf(r *http.Request) (string, bool) {
	origin := r.URL.Scheme + "://" + r.URL.Host
	for name, base := range c.bases {
		if base == origin {
			return name, true
		}
	}
	return "", false
}

// uuidPattern is what Microsoft calls a uuid, of any version.
const uuidPattern = `^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`

// countPattern matches a count, the only text answer that is described.
var countPattern = regexp.MustCompile(`^[0-9]+$`)

// A checkingTransport checks what passes through it.
type checkingTransport struct {
	t       testing.TB
	inner   http.RoundTripper
	checker *Checker
}

// Transport returns a transport that checks each request and each answer
// against the descriptions. It fails the test if one does not match. The bases
// are as in New. Requests to other hosts pass unchecked.
func Transport(t testing.TB, inner http.RoundTripper, bases map[string]string) http.RoundTripper {
	t.Helper()
	c, err := New(bases)
	if err != nil {
		t.Fatal(err)
	}
	return c.Transport(t, inner)
}

// Transport works as the function of the same name, with descriptions that have
// been read.
func (c *Checker) Transport(t testing.TB, inner http.RoundTripper) http.RoundTripper {
	return &checkingTransport{t, inner, c}
}

// CallCounts counts the calls by service, method, and described path. A call
// from the table has the path "table".
func (c *Checker) CallCounts() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]int{}
	for k, n := range c.callCounts {
		out[k] = n
	}
	return out
}

func (c *Checker) countCall(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.callCounts[what]++
}

// RoundTrip sends the request and checks both directions.
func (t *checkingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	service, known := t.checker.serviceOf(r)
	if !known {
		return t.inner.RoundTrip(r)
	}
	body, err := readBody(&r.Body)
	if err != nil {
		return nil, err
	}
	resp, err := t.inner.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer, err := readBody(&resp.Body)
	if err != nil {
		return resp, nil // whoever reads it gets the same error
	}
	for _, fault := range t.checker.Check(r.Context(), service, r, body, resp, answer) {
		t.t.Errorf("%s %s %s: %v", service, r.Method, r.URL.Path, fault)
	}
	return resp, nil
}

// readBody reads a body and puts it back, with the error that ended it, if any.
func readBody(b *io.ReadCloser) ([]byte, error) {
	if *b == nil || *b == http.NoBody {
		return nil, nil
	}
	was := *b
	all, err := io.ReadAll(io.LimitReader(was, maxChecked))
	var rest io.Reader = was
	if err != nil {
		rest = errorReader{err}
	}
	*b = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(all), rest), was}
	if len(all) == maxChecked {
		return nil, nil
	}
	return all, err
}

type errorReader struct{ err error }

func (f errorReader) Read([]byte) (int, error) { return 0, f.err }

// Check reports what the descriptions do not allow in a call. If the status is
// 400 or above, it checks the answer but not the request.
func (c *Checker) Check(ctx context.Context, service string, r *http.Request, body []byte, resp *http.Response, answer []byte) []error {
	o, vars, found := c.findOperation(service, r.Method, r.URL.Path)
	if !found {
		if !isUndescribed(service, r.Method, r.URL.Path) {
			return []error{errors.New("this call is not in Microsoft's description, and neither is it in the table")}
		}
		c.countCall(service + " " + r.Method + " table")
		return nil
	}
	c.countCall(service + " " + r.Method + " " + o.path)
	options := &openapi3filter.Options{
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true,
		SchemaValidationOptions: []openapi3.SchemaValidationOption{
			openapi3.EnableFormatValidation(), openapi3.WithStringFormatValidator("uuid", openapi3.NewRegexpFormatValidator(uuidPattern)),
		},
	}
	copied := r.Clone(ctx)
	copied.Body = io.NopCloser(bytes.NewReader(body))
	in := &openapi3filter.RequestValidationInput{
		Request: copied, PathParams: vars, Options: options,
		Route: &routers.Route{Spec: o.spec, Path: o.path, PathItem: o.item, Method: o.method, Operation: o.operation},
	}
	var faults []error
	if resp.StatusCode < 400 {
		faults = append(faults, o.unknownQuery(service, r)...)
		if err := openapi3filter.ValidateRequest(ctx, in); err != nil {
			faults = append(faults, fmt.Errorf("the request: %w", err))
		}
	}
	if resp.StatusCode/100 == 3 {
		return faults // the target of a redirect is not described
	}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
		if !countPattern.Match(answer) {
			faults = append(faults, fmt.Errorf("the answer %d: %q is no number", resp.StatusCode, answer))
		}
		return faults
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header, Options: options,
		Body: io.NopCloser(bytes.NewReader(answer)),
	}
	if err := openapi3filter.ValidateResponse(ctx, out); err != nil {
		faults = append(faults, fmt.Errorf("the answer %d: %w", resp.StatusCode, err))
	}
	return faults
}

// unknownQuery reports the query parameters that are neither described nor in
// the table.
func (o operation) unknownQuery(service string, r *http.Request) (faults []error) {
	for k := range r.URL.Query() {
		known := o.operation.Parameters.GetByInAndName("query", k) != nil || o.item.Parameters.GetByInAndName("query", k) != nil
		if !known && !isUndescribedQuery(service, o.path, k) {
			faults = append(faults, fmt.Errorf("the query parameter %q is neither described nor in the table", k))
		}
	}
	return faults
}
