// Package msgraph lets the request builders of Microsoft's Graph SDK speak over
// a graph.Connection: they know the paths and the query parameters, and nothing
// else of the SDK is used. Tokens, retries, quotas, limits and redirects are the
// connection's. Answers are read into the caller's own structs, since a program
// that reads a single one of the SDK's models holds the serializers of thousands.
//
// The SDK is large: linked.txt names the packages of it that are compiled, and a
// test compares; what of them the program holds is tested beside the program.
package msgraph

import (
	"context"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"
	abstractions "github.com/microsoft/kiota-abstractions-go"

	"github.com/orgstore/orgstore/graph"
)

// A Client is what request builders of the Graph SDK are made with. It is for
// their methods To…RequestInformation alone: those that send, as Get, would
// panic, and they would bring the SDK's models into the program.
type Client struct {
	abstractions.RequestAdapter // nil
	conn                        *graph.Connection
}

// New returns a client that asks through a connection.
func New(c *graph.Connection) *Client { return &Client{conn: c} }

// GetBaseUrl is where Graph's paths begin, with its version and no slash at the
// end. The name is the SDK's.
func (c *Client) GetBaseUrl() string {
	return c.conn.Cloud().BaseURL(graph.Graph) + "/v1.0"
}

// Get builds a request with a builder's ToGetRequestInformation, sends it, and
// decodes the answer, which is T's zero value where there is no body. Errors are
// those of Do.
func Get[T, C any](ctx context.Context, c *Client, build func(context.Context, *C) (*abstractions.RequestInformation, error), with *C) (T, error) {
	info, err := build(ctx, with)
	if err != nil {
		var none T
		return none, graph.WrapError(graph.Graph, http.MethodGet, err)
	}
	return Do[T](ctx, c, info)
}

// Send sends a body to where a builder leads, any value that encodes as JSON,
// and decodes the answer as Get does: the builders' own methods that take bodies
// take the SDK's models. The headers may be nil. Errors are those of Do.
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

// Do sends a request that a builder built, to Graph and nowhere else, and
// decodes the answer, which is T's zero value where there is no body. An answer
// that says no is a *graph.Error, and so is any other trouble but that of
// signing in, a *graph.SignInError.
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
