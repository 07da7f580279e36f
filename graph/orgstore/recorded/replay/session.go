package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/redact"
)

// A session is one run of requests: the answers so far and the cookies they
// set, each for the host that set it. It begins without any.
type session struct {
	store   *Store
	sources sources
	jar     map[string]map[string]string // by host, then name
	sent    string                       // the last request that left and may change something
}

const maxReply = 32 << 20

// run sends the steps of a flow in order and holds each answer against its
// fingerprint. Nothing is sent twice.
func (s *session) run(ctx context.Context, client *http.Client, steps []recipe.Step, changes bool) error {
	for _, step := range steps {
		req, err := newRequest(ctx, step, s.store.hosts, s.sources)
		if err == nil {
			err = s.send(ctx, client, step, req, changes && step.Method != http.MethodGet)
		}
		if err != nil {
			if s.sent != "" {
				return withSent(s.sent, err)
			}
			return err
		}
	}
	return nil
}

func (s *session) send(ctx context.Context, client *http.Client, step recipe.Step, req *http.Request, changes bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.addCookies(req)
	req.Header.Set("User-Agent", s.store.agent)
	if step.Token {
		if s.store.hosts.KindOf(req.URL) != recipe.ServiceHost { // as address made sure
			return refuse(recipe.CodeHost, "", "step %s: no token is sent to %s", step.Name, redact.Host(req.URL.String()))
		}
		if err := s.store.authorize.Authorize(ctx, req); err != nil {
			return err
		}
	}
	if changes {
		s.sent = step.String()
	}
	resp, err := client.Do(req)
	if err != nil {
		return s.lost(ctx, step, err)
	}
	a, err := readReply(req.URL, resp)
	if err != nil {
		return s.lost(ctx, step, err)
	}
	s.keepCookies(a)
	if err := checkAnswer(step.Name, step.Expect, a); err != nil {
		return err
	}
	s.sources.answers[step.Name] = a
	return nil
}

// lost is the error of a request without an answer.
func (s *session) lost(ctx context.Context, step recipe.Step, err error) error {
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	// The error of net/http names the address, which may hold what an answer gave.
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	if s.sent != "" {
		return &Error{code: codeAnswer, message: fmt.Sprintf("step %s got no answer: %v; the visual may have changed", step.Name, err), err: err,
			hint: "look at the visual in the portal; orgstore repeats nothing by itself"}
	}
	return fmt.Errorf("step %s got no answer: %w", step.Name, err)
}

func (s *session) addCookies(req *http.Request) {
	names := s.jar[req.URL.Host]
	for _, name := range slices.Sorted(maps.Keys(names)) {
		req.AddCookie(&http.Cookie{Name: name, Value: names[name]})
	}
}

func (s *session) keepCookies(a *recipe.Answer) {
	for name, value := range a.Cookies() {
		if s.jar[a.URL.Host] == nil {
			s.jar[a.URL.Host] = map[string]string{}
		}
		s.jar[a.URL.Host][name] = value
	}
}

// checkAnswer holds an answer against what was recorded.
func checkAnswer(step string, e recipe.Expect, a *recipe.Answer) error {
	switch {
	case a.Status != e.Status:
		return newStrangeError("step %s was answered with the status %d, and %d was recorded", step, a.Status, e.Status)
	case a.MediaType != e.Type:
		return newStrangeError("step %s was answered with %s, and %s was recorded", step, recipe.DescribeMediaType(a.MediaType), recipe.DescribeMediaType(e.Type))
	case len(e.Shape) == 0:
		return nil
	case a.JSON == nil:
		return newStrangeError("step %s was answered with something that is not JSON", step)
	}
	if why := recipe.ShapeDifference(e.Shape, a.JSON); why != "" {
		return newStrangeError("step %s was answered in another shape than recorded: %s", step, why)
	}
	return nil
}

func (s *Store) begin(c *recipe.Upload) *session {
	return &session{store: s, sources: sources{upload: c, answers: map[string]*recipe.Answer{}, now: s.now}, jar: map[string]map[string]string{}}
}

// change sends a flow about an entry, or without one.
func (s *session) change(ctx context.Context, steps []recipe.Step, e *entry) error {
	if s.sources.entry = nil; e != nil {
		s.sources.entry = e.tree
	}
	return s.run(ctx, s.store.client, steps, true)
}

// readReply reads an answer, bounded.
func readReply(u *url.URL, resp *http.Response) (*recipe.Answer, error) {
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxReply {
		return nil, fmt.Errorf("the answer has more than %d bytes", maxReply)
	}
	return recipe.NewAnswer(u, resp.StatusCode, resp.Header, resp.Header.Get("Content-Type"), body), nil
}
