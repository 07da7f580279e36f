// Package msgraph sends what the request builders of Microsoft's Graph SDK
// build over a graph.Connection. The builders know the paths and the query
// parameters; nothing else of the SDK is used. The connection provides tokens,
// retries, quotas, limits, and redirects. Answers are decoded into the caller's
// own structs: a program that decodes a single model of the SDK contains the
// serializers of thousands.
//
// The SDK is large. The file linked.txt names the packages of it that are
// compiled, and a test compares them. Another test, beside the program, checks
// what the program contains.
package msgraph

import (
	"context"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"
	abstractions "github.com/microsoft/kiota-abstractions-go"

	"github.com/orgstore/orgstore/graph"
)

// A Client is what request builders of the Graph SDK are created with. Use only
// their To…RequestInformation methods. Methods that send, such as Get, would
// panic and would link the SDK's models into the program.
type Client struct {
	abstractions.RequestAdapter // nil
	conn                        *graph.Connection
}

// New returns a client that uses a connection.
func New(c *graph.Connection) *Client { return &Client{conn: c} }

// GetBaseUrl returns the start of Graph's URLs, with the version and without a
// trailing slash. The name is the SDK's.
func (c *Client) GetBaseUrl() string {
	return c.conn.Cloud().BaseURL(graph.Graph) + "/v1.0"
}

// Get builds a request with a builder's ToGetRequestInformation, sends it, and
// decodes the answer. Without a body, the answer is T's zero value. Errors are
// those of Do.
func Get[T, C any](ctx context.Context, c *Client, build func(context.Context, *C) (*abstractions.RequestInformation, error), with *C) (T, error) {
	info, err := build(ctx, with)
	if err != nil {
		var none T
		return none, graph.WrapError(graph.Graph, http.MethodGet, err)
	}
	return Do[T](ctx, c, info)
}

// Send sends a body to the URL of a builder and decodes the answer as Get does.
// The body is any value that encodes as JSON, because the builders' own methods
// take the SDK's models only. The headers may be nil. Errors are those of Do.
func Send[T any](ctx context.Context, c *Client, method abstractions.HttpMethod, to abstractions.BaseRequestBuilder, headers *abstractions.RequestHeaders, body any) (T, error) {
	b, err := json.Marshal(body)
	if err != nil {
		var none T
		return none, fmt.Errorf("cannot send to %s: %w", graph.Graph.Title(), err)
	}
	info := abstractions.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(method, to.UrlTemplate, to.PathParameters)
	info.Headers.AddAll(headers)
	info.SetStreamContentAndContentType(b, "application/json")
	return Do[T](ctx, c, info)
}

// Do sends a request that a builder built, to Graph only, and decodes the
// answer. Without a body, the answer is T's zero value. An error is a
// *graph.SignInError if signing in failed, and otherwise a *graph.Error.
func Do[T any](ctx context.Context, c *Client, info *abstractions.RequestInformation) (T, error) {
	var answer T
	method := info.Method.String()
	if info.PathParameters != nil {
		info.PathParameters["baseurl"] = c.GetBaseUrl()
	}
	u, err := info.GetUri()
	if err != nil {
		return answer, graph.WrapError(graph.Graph, method, err)
	}
	header := http.Header{}
	for _, k := range info.Headers.ListKeys() {
		header[k] = info.Headers.Get(k)
	}
	err = c.conn.CallJSON(ctx, graph.Graph, graph.Call{Method: method, Link: u.String(), Header: header, Body: info.Content}, &answer)
	return answer, err
}
