package simulator

import (
	"context"
	crand "crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/orgstore/orgstore/graph/simulator/gallery"
)

// The limits of a simulator. A test that needs more does something wrong.
const (
	maxItems    = 20_000    // in all libraries together
	maxUpload   = 250 << 20 // bytes of one simple upload, as documented
	maxFragment = 60 << 20  // bytes of one request of an upload session, exclusive, as documented
	maxBody     = 1 << 20   // bytes of any other request; mail may have attachments of 3 MB
	maxStored   = 1 << 30   // bytes of the files in all libraries together
	maxCalls    = 100_000   // entries of the log; later calls are only counted
	maxTokens   = 10_000    // valid access tokens
	maxSessions = 1_000     // upload sessions
	maxMail     = 10_000    // sent messages
	maxUsers    = 200_000   // in the directory
)

// Options say which tenant to simulate. The zero Options are a tenant without
// Microsoft's published quotas.
type Options struct {
	// Tenant is the tenant's id, in lower case; empty means contoso's.
	Tenant string
	// Seed makes ids repeatable. Tokens and keys are never repeatable.
	Seed uint64
	// Now is the tenant's clock, which the Date header shows, too; nil means
	// the machine's.
	Now func() time.Time
	// Sleep waits for slow answers; nil means a real wait.
	Sleep func(ctx context.Context, d time.Duration) error
	// OnCall is called with each call, one after another. It must not use the
	// simulator. It may be nil.
	OnCall func(Call)
	// Quotas answers 429 beyond Microsoft's published limits.
	Quotas bool
	// PageSize is the number of entries on a page if the request names none;
	// zero means 200.
	PageSize int
	// ListGrantsReachSite lets an app that has only a grant on a list look up
	// the list's site by its path, and list the site's lists and drives.
	// Whether Microsoft's service does is not documented; the simulator's
	// default is no.
	ListGrantsReachSite bool
	// PlainLambdasOnly refuses a filter lambda with more than one condition, as
	// Graph does for some of them.
	PlainLambdasOnly bool
	// PortalForPeople refuses private requests of the portal's page from
	// applications. Whether Microsoft's portal accepts their tokens is not
	// documented.
	PortalForPeople bool
}

// Contoso is the tenant that is simulated by default.
const Contoso = "8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11"

// Endpoints are the base URLs of a simulator's services, without a path.
type Endpoints struct {
	Login, Graph, PowerBI, Fabric string
	// Files is the host of downloads and uploads. It is a different host, as
	// SharePoint's is.
	Files string
	// Portal is the host of the page Organizational visuals.
	Portal string
}

// Bases returns the base URLs by the names of the services in the log.
func (e Endpoints) Bases() map[string]string {
	return map[string]string{
		serviceLogin: e.Login, serviceGraph: e.Graph, servicePowerBI: e.PowerBI,
		serviceFabric: e.Fabric, serviceFiles: e.Files, servicePortal: e.Portal,
	}
}

// A Simulator is one tenant. Its methods may be used from several goroutines.
type Simulator struct {
	options   Options
	authority authority
	services  []*service

	mu        sync.Mutex // guards everything below
	born      int64      // when it was made, in nanoseconds
	endpoints Endpoints
	servers   []*http.Server
	random    *rand.Rand
	counters  map[string]int

	apps           map[string]*registeredApp
	tokens         map[string]*token
	usedAssertions map[string]time.Time // the ids of assertions that were used
	devices        map[string]*device
	signer         tokenSigner

	gallery     *gallery.Gallery
	tenant      tenantState
	sites       []*site
	sessions    map[string]*uploadSession
	downloadKey []byte // the key of preauthenticated URLs
	storedBytes int64
	itemCount   int

	faults      []*faultRule
	buckets     map[string]*bucket
	loggedCalls []Call
	callCount   int
}

// New returns a simulator with an organization and nothing else in it. It does
// not listen before Start.
func New(o Options) (*Simulator, error) {
	o = o.withDefaults()
	a, err := newAuthority()
	if err != nil {
		return nil, err
	}
	s := &Simulator{
		options: o, authority: a, signer: newSigner(), born: o.Now().UnixNano(),
		random:         rand.New(rand.NewPCG(o.Seed, 0x6f726773746f7265)),
		counters:       map[string]int{},
		apps:           map[string]*registeredApp{},
		tokens:         map[string]*token{},
		usedAssertions: map[string]time.Time{},
		devices:        map[string]*device{},
		sessions:       map[string]*uploadSession{},
		buckets:        map[string]*bucket{},
		downloadKey:    []byte(randomSecret()),
		tenant:         newTenantState(o.Tenant),
	}
	s.gallery = gallery.New(gallery.Options{Seed: o.Seed, Now: s.currentTime, User: s.portalUser, Token: s.portalToken})
	s.services = s.allServices()
	for _, v := range s.services {
		for _, r := range v.routes {
			r.match = compilePattern(r.pattern)
		}
	}
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.Tenant == "" {
		o.Tenant = Contoso
	}
	o.Tenant = strings.ToLower(o.Tenant)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleepContext
	}
	if o.PageSize <= 0 {
		o.PageSize = 200
	}
	return o
}

func sleepContext(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Start listens, each service on its own port. The address is empty, or is a
// loopback address and the first of consecutive ports. Port 0 lets the system
// choose.
func (s *Simulator) Start(addr string) error {
	host, port, err := parseLoopback(addr)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.servers) > 0 {
		return errors.New("cannot start the simulator: it is running already")
	}
	for i, v := range s.services {
		p := 0
		if port > 0 {
			p = port + i
		}
		if err := s.listenFor(v, host, p); err != nil {
			s.closeServers()
			return err
		}
	}
	return nil
}

func parseLoopback(addr string) (host string, port int, err error) {
	if addr == "" {
		return "127.0.0.1", 0, nil
	}
	host, p, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("cannot start the simulator: %w", err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return "", 0, fmt.Errorf("cannot start the simulator on %q: it listens on loopback addresses only, such as 127.0.0.1", host)
	}
	port, err = strconv.Atoi(p)
	if err != nil || port < 0 || port > 65000 {
		return "", 0, fmt.Errorf("cannot start the simulator: %q is not a port with room for the ones after it", p)
	}
	return host, port, nil
}

// listenFor starts one service. The caller holds s.mu.
func (s *Simulator) listenFor(v *service, host string, port int) error {
	l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("cannot start the simulator: %w", err)
	}
	config, err := s.authority.serverConfig(host)
	if err != nil {
		l.Close()
		return err
	}
	_, bound, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		l.Close()
		return err
	}
	name := host
	if v.name == serviceFiles {
		name = "localhost" // a different host than Graph's, on the same machine
	}
	*v.endpoint(&s.endpoints) = "https://" + net.JoinHostPort(name, bound)
	server := &http.Server{
		Handler: s.newHandler(v), TLSConfig: config,
		ReadHeaderTimeout: 10 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // clients that disconnect are not an error
	}
	s.servers = append(s.servers, server)
	go server.ServeTLS(l, "", "") //nolint:errcheck // it ends with Close
	return nil
}

// Close stops listening and closes all connections. The log stays.
func (s *Simulator) Close() error {
	s.mu.Lock()
	servers := s.servers
	s.servers = nil
	s.mu.Unlock()
	var errs []error
	for _, v := range servers {
		errs = append(errs, v.Close())
	}
	return errors.Join(errs...)
}

// closeServers stops the services that listen. The caller holds s.mu.
func (s *Simulator) closeServers() {
	for _, v := range s.servers {
		v.Close()
	}
	s.servers = nil
}

// CA returns the simulator's certificate authority as PEM. Its key exists in
// memory only.
func (s *Simulator) CA() []byte { return s.authority.pem }

// Tenant returns the tenant's id.
func (s *Simulator) Tenant() string { return s.options.Tenant }

// Endpoints returns the URLs of the services; all are empty before Start.
func (s *Simulator) Endpoints() Endpoints {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.endpoints
}

// currentTime returns the tenant's time in UTC, in whole seconds as its
// services send it.
func (s *Simulator) currentTime() time.Time { return s.options.Now().UTC().Truncate(time.Second) }

// newUUID returns an id that the seed makes repeatable. The caller holds s.mu.
func (s *Simulator) newUUID() string {
	var b [16]byte
	for i := range b {
		b[i] = byte(s.random.Uint32())
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// nextNumber counts from 1 under a name. The caller holds s.mu.
func (s *Simulator) nextNumber(name string) int {
	s.counters[name]++
	return s.counters[name]
}

// randomSecret returns a value that nobody can guess.
func randomSecret() string {
	return crand.Text() + crand.Text()
}
