// Package msgraph lets Microsoft's Graph SDK speak over a graph.Connection: its
// request builders and models are used, and nothing of what it brings to reach
// the network with. Tokens, retries, quotas, limits and redirects are the
// connection's.
//
// The SDK is large: linked.txt names the packages of it that are linked, and a
// test compares.
package msgraph

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/authentication"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	kiotajson "github.com/microsoft/kiota-serialization-json-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"

	"github.com/orgstore/orgstore/graph"
)

// Adapter is what request builders of the Graph SDK are made with. An answer
// that says no comes back from them as an error that holds a *graph.Error, and
// so does any other trouble once it went through Trouble. What they return is
// nil where an answer has no body.
func Adapter(c *graph.Connection) (abstractions.RequestAdapter, error) {
	client := *c.Authorized(graph.Graph)
	client.Transport = &refusing{client.Transport}
	a, err := core.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		&authentication.AnonymousAuthenticationProvider{},                            // the connection adds the token
		core.GraphClientOptions{}, kiotajson.NewJsonParseNodeFactory(), nil, &client) // see Send
	if err != nil {
		return nil, err
	}
	a.SetBaseUrl(c.Cloud().Base(graph.Graph) + "/v1.0")
	return a, nil
}

// Send makes a request with a body, and reads the answer as one of the SDK's
// models. The body is any value that encodes as
// JSON: to send the SDK's own models would keep the serializers of all of them
// in the program, a quarter of its size.
func Send(ctx context.Context, a abstractions.RequestAdapter, method abstractions.HttpMethod, address string, headers *abstractions.RequestHeaders, body any, read serialization.ParsableFactory) (serialization.Parsable, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("cannot make a request: its address is no URL")
	}
	b, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	info := abstractions.NewRequestInformation()
	info.Method = method
	info.SetUri(*u)
	if headers != nil {
		info.Headers = headers
	}
	info.Headers.TryAdd("Accept", "application/json")
	info.SetStreamContentAndContentType(b, "application/json")
	return a.Send(ctx, info, read, nil)
}

// Trouble turns an error of a request builder into a *graph.Error or a
// *graph.SignInError. It returns nil for nil.
func Trouble(op string, err error) error {
	return graph.Trouble(graph.Graph, op, err)
}

// refusing takes answers that say no away from the SDK, which loses the status
// of those that are not JSON, and panics on some challenges.
type refusing struct{ http.RoundTripper }

// RoundTrip sends a request on.
func (t *refusing) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(sized(req))
	if err != nil {
		return nil, err
	}
	if err := graph.Refusal(graph.Graph, req.Method+" "+req.URL.Path, resp); err != nil {
		return nil, err
	}
	if err := readable(resp); err != nil {
		return nil, &graph.Error{Service: graph.Graph, Op: req.Method + " " + req.URL.Path, Status: resp.StatusCode, Err: err}
	}
	return resp, nil
}

// readable checks that an answer is JSON as a whole, before the SDK takes what
// it can of it. The connection has bounded it, and read it already.
func readable(resp *http.Response) error {
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusCreated && resp.StatusCode != http.StatusAccepted {
		return nil
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case err != nil:
		return err
	case len(b) > 0 && (kind != "application/json" || !jsontext.Value(b).IsValid()):
		return errors.New("the answer is not the JSON that Microsoft Graph speaks")
	}
	resp.Body = io.NopCloser(bytes.NewReader(b))
	return nil
}

// sized tells how long a body is and how to send it again: the SDK says neither,
// and what is sent without a length is sent in chunks.
func sized(req *http.Request) *http.Request {
	body, ok := req.Body.(io.ReadSeeker)
	if !ok || req.ContentLength > 0 {
		return req
	}
	size, err := body.Seek(0, io.SeekEnd)
	if err != nil {
		return req
	}
	again := func() (io.ReadCloser, error) {
		_, err := body.Seek(0, io.SeekStart)
		return io.NopCloser(body), err
	}
	out := req.Clone(req.Context())
	out.ContentLength, out.GetBody = size, again
	if out.Body, err = again(); err != nil {
		return req
	}
	return out
}
