package graph

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
)

// GetJSON requests JSON from a service and decodes the answer. The path begins
// with a slash, is escaped as in a URL, and includes the API's version, such as
// /v1.0/organization. It may also be a complete link on the service's own host,
// such as an @odata.nextLink. Limits.MaxJSONBytes bounds the answer. Any answer
// without success is an *Error.
//
// If into is a *[]byte, it receives the raw answer.
func (c *Connection) GetJSON(ctx context.Context, s Service, path string, query url.Values, header http.Header, into any) error {
	req, op, err := c.newRequest(ctx, s, Call{Method: http.MethodGet, Link: path, Header: header}, query)
	if err != nil {
		return WrapError(s, op, err)
	}
	_, err = c.sendJSON(s, op, req, into, true)
	return err
}

// A Call is a request that another package built.
type Call struct {
	Method string
	Link   string // a path or a complete link, as in GetJSON
	Header http.Header
	Body   []byte // nil: none
}

// CallJSON sends a call and decodes the answer, if it has a body. Otherwise it
// works as GetJSON and PostJSON do.
func (c *Connection) CallJSON(ctx context.Context, s Service, call Call, into any) error {
	req, op, err := c.newRequest(ctx, s, call, nil)
	if err != nil {
		return WrapError(s, op, err)
	}
	_, err = c.sendJSON(s, op, req, into, false)
	return err
}

// PostJSON posts a value and decodes the answer, if it has a body and into is
// not nil. If body is nil, it posts no body. The body of the returned response
// has been read and closed; use its status and headers. PostJSON retries only
// if the request certainly did not arrive, or under Repeatable.
func (c *Connection) PostJSON(ctx context.Context, s Service, path string, query url.Values, body, into any) (*http.Response, error) {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("cannot post to %s: %w", s.Title(), err)
		}
	}
	req, op, err := c.newRequest(ctx, s, Call{Method: http.MethodPost, Link: path, Body: raw}, query)
	if err != nil {
		return nil, WrapError(s, op, err)
	}
	return c.sendJSON(s, op, req, into, false)
}

// newRequest creates a request to a service's own host.
func (c *Connection) newRequest(ctx context.Context, s Service, call Call, query url.Values) (req *http.Request, op string, err error) {
	op = call.Method
	if why := c.options.Cloud.UnavailableReason(s); why != "" {
		return nil, op, notSent("%s", why)
	}
	link := call.Link
	if strings.HasPrefix(link, "/") {
		link = c.options.Cloud.BaseURL(s) + link
	}
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return nil, op, notSent("the link is not a URL")
	case !c.isServiceHost(s, u):
		return nil, op, notSent("the link leads to another host")
	}
	if len(query) > 0 {
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += encodeQuery(query)
	}
	op += " " + cleanText(u.EscapedPath(), 200)
	var reader io.Reader
	if call.Body != nil {
		reader = bytes.NewReader(call.Body)
	}
	req, err = http.NewRequestWithContext(ctx, call.Method, u.String(), reader)
	if err != nil {
		return nil, op, notSent("the link is not a URL")
	}
	req.Header.Set("Accept", "application/json")
	if call.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range call.Header {
		req.Header[http.CanonicalHeaderKey(k)] = v
	}
	return req, op, nil
}

// encodeQuery encodes a query as Microsoft's documentation does: OData's names
// keep their dollar sign, and spaces are not plus signs.
func encodeQuery(q url.Values) string {
	return strings.NewReplacer("+", "%20", "%24", "$").Replace(q.Encode())
}

// sendJSON sends a request, and reads and closes the answer.
func (c *Connection) sendJSON(s Service, op string, req *http.Request, into any, must bool) (*http.Response, error) {
	resp, err := c.authorizedClients[s].Do(req)
	if err != nil {
		return nil, WrapError(s, op, err)
	}
	if err := CheckResponse(s, op, resp); err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return nil, &Error{Service: s, Op: op, Status: resp.StatusCode, ClientRequestID: resp.Header.Get("Client-Request-Id")}
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, c.options.Limits.MaxJSONBytes+1))
	if err == nil && int64(len(raw)) > c.options.Limits.MaxJSONBytes {
		err = &tooLargeError{c.options.Limits.MaxJSONBytes}
	}
	if err == nil {
		err = decodeJSON(raw, into, must)
	}
	if err != nil {
		e := &Error{Service: s, Op: op, Err: unwrapURLError(err), ClientRequestID: resp.Header.Get("Client-Request-Id")}
		return nil, e
	}
	return resp, nil
}

// decodeJSON decodes an answer. It rejects JSON that names a member twice or is
// not UTF-8.
func decodeJSON(raw []byte, into any, must bool) error {
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	if as, ok := into.(*[]byte); ok {
		*as = raw
		return nil
	}
	if into == nil || !must && len(bytes.TrimSpace(raw)) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%w: it is not the JSON that the API describes%s", errUnreadable, jsonPosition(err))
	}
	return nil
}

// jsonPosition says where JSON is wrong, without showing the value.
func jsonPosition(err error) string {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) && semantic.JSONPointer != "" {
		return " at " + cleanText(string(semantic.JSONPointer), 100)
	}
	return ""
}
