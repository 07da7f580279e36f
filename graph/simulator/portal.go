package simulator

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"net/mail"
	"net/url"

	"github.com/orgstore/orgstore/graph/simulator/gallery"
)

// Gallery returns the tenant's Organizational Store. Its page and private
// requests answer at Endpoints.Portal.
func (s *Simulator) Gallery() *gallery.Gallery { return s.gallery }

// PortalPage returns the address of the page Organizational visuals for a
// person who is signed in. An empty user is the tenant's administrator.
func (s *Simulator) PortalPage(user string) string {
	address := s.Endpoints().Portal + s.gallery.Shape().Page
	if user != "" {
		address += "?as=" + url.QueryEscape(user)
	}
	return address
}

// servePortal answers the page and its private requests. They are not
// documented, so none of them is unexpected. The caller holds s.mu.
func (s *Simulator) servePortal(c *call) (*answer, *problem) {
	_ = s.checkToken(c, audiencePowerBI) // for the log only; the gallery checks again
	r := c.WithContext(c.Context())
	r.Body = io.NopCloser(bytes.NewReader(c.body))
	w := bufferedResponse{header: http.Header{}}
	s.gallery.ServeHTTP(&w, r)
	kind := w.header.Get("Content-Type")
	w.header.Del("Content-Type")
	return &answer{status: cmp.Or(w.status, http.StatusOK), header: w.header, body: w.body.Bytes(), mediaType: kind}, nil
}

// portalToken signs in the person that the page's address names.
func (s *Simulator) portalToken(r *http.Request) string {
	user := deviceUser
	if named, err := mail.ParseAddress(r.URL.Query().Get("as")); err == nil {
		user = named.Address
	}
	value, p := s.issueToken(token{audience: audiencePowerBI, isPerson: true, user: user})
	if p != nil {
		return ""
	}
	return value
}

// portalUser returns who sends a private request.
func (s *Simulator) portalUser(r *http.Request) (string, bool) {
	c := &call{Request: r, simulator: s, now: s.currentTime()}
	switch p := s.checkToken(c, audiencePowerBI); {
	case p != nil, !c.token.isPerson && s.options.PortalForPeople:
		return "", false
	case c.token.isPerson:
		return cmp.Or(c.token.user, deviceUser), true
	}
	return c.token.app, true
}

// galleryEvents returns what the activity log has about the store by now.
func (s *Simulator) galleryEvents() []Event {
	var all []Event
	for _, e := range s.gallery.Events() {
		all = append(all, Event{ID: e.ID, At: e.At, Activity: e.Operation, User: e.User, ItemName: e.Item, ObjectID: e.Object, Succeeded: true})
	}
	return all
}

// A bufferedResponse is an answer that the simulator sends later.
type bufferedResponse struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *bufferedResponse) Header() http.Header { return k.header }

func (k *bufferedResponse) WriteHeader(status int) { k.status = cmp.Or(k.status, status) }

func (k *bufferedResponse) Write(b []byte) (int, error) { return k.body.Write(b) }
