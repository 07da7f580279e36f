// Package monitor shows other programs how the agent is: metrics for Prometheus,
// and whether it is alive and ready. It knows HTTP, and nothing of visuals but
// what is counted.
package monitor

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/orgstore/orgstore/agent/loop"
)

const (
	// stuck is how long a round may take until the agent counts as dead. A round
	// that waits for Microsoft's quotas can take an hour.
	stuck = 2 * time.Hour
	// late is how late a round may begin.
	late = 10 * time.Minute
	// unready is how many rounds in a row may fail before the agent is not ready.
	unready = 3
)

// A Monitor keeps what was told last.
type Monitor struct {
	registry *prometheus.Registry
	rounds   prometheus.Counter
	failed   prometheus.Counter
	seconds  prometheus.Histogram
	changes  *prometheus.CounterVec

	mu     sync.Mutex
	state  loop.State
	broken bool
	clock  func() time.Time

	server *http.Server
	addr   string
}

// New makes a monitor of a program of some version. The clock is the one that
// the loop goes by.
func New(version string, clock func() time.Time) *Monitor {
	m := &Monitor{
		registry: prometheus.NewRegistry(), clock: clock,
		rounds: prometheus.NewCounter(prometheus.CounterOpts{Name: "orgstore_rounds_total", Help: "Rounds made, failed ones included."}),
		failed: prometheus.NewCounter(prometheus.CounterOpts{Name: "orgstore_rounds_failed_total", Help: "Rounds that failed."}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "orgstore_round_seconds", Help: "How long rounds take.",
			Buckets: []float64{0.05, 0.25, 1, 5, 15, 60, 300, 1800}}),
		changes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "orgstore_changes_total", Help: "Changes tried, by kind and outcome."}, []string{"kind", "outcome"}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "orgstore_build_info", Help: "The program's version; always 1.", ConstLabels: prometheus.Labels{"version": version}})
	info.Set(1)
	m.registry.MustRegister(m.rounds, m.failed, m.seconds, m.changes, info, m,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Set tells the newest state of the loop, and whether the settings file is
// broken.
func (m *Monitor) Set(s loop.State, broken bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.Rounds > m.state.Rounds {
		m.rounds.Inc()
		m.seconds.Observe(s.Ended.Sub(s.Began).Seconds())
		if s.Failures > 0 {
			m.failed.Inc()
		}
		for _, r := range s.Report.Results {
			if s.Failures == 0 {
				m.changes.WithLabelValues(r.Kind, r.Outcome).Inc()
			}
		}
	}
	m.state, m.broken = s, broken
}

// Listen serves /metrics, /livez and /readyz at an address until Close. An empty
// address serves nothing.
func (m *Monitor) Listen(ctx context.Context, address string) error {
	if address == "" {
		return nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	m.addr = l.Addr().String()
	m.server = &http.Server{
		Handler: m.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	go func() { _ = m.server.Serve(l) }() // it ends with Close, which is no news
	return nil
}

// Addr is where it listens; empty where it does not.
func (m *Monitor) Addr() string { return m.addr }

// Close stops serving.
func (m *Monitor) Close() error {
	if m.server == nil {
		return nil
	}
	return m.server.Close()
}

// Handler answers what Listen serves.
func (m *Monitor) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	mux.HandleFunc("GET /livez", answer(m.Alive))
	mux.HandleFunc("GET /readyz", answer(m.ready))
	return mux
}

func answer(check func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		if err := check(); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(err.Error() + "\n")) // who asked has gone: nobody to tell
			return
		}
		_, _ = w.Write([]byte("ok\n"))
	}
}

// Alive says that the loop still turns: a program that is not is best started
// again.
func (m *Monitor) Alive() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock()
	switch s := m.state; {
	case s.Began.IsZero():
		return nil // it has just started
	case s.Next.IsZero() && now.Sub(s.Began) > stuck:
		return errors.New("a round has not ended in time")
	case !s.Next.IsZero() && now.Sub(s.Next) > late:
		return errors.New("no round has begun in time")
	}
	return nil
}

// ready says that rounds go well. It does not tell the error, which may name
// what strangers should not know.
func (m *Monitor) ready() error {
	if err := m.Alive(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.state.Good.IsZero():
		return errors.New("no round has gone well yet")
	case m.state.Failures >= unready:
		return errors.New("rounds fail: see orgstore agent status")
	}
	return nil
}

// What is computed anew at every reading.
var (
	descDaysLeft = prometheus.NewDesc("orgstore_license_days_left", "Days until the license of what is installed ends.", []string{"guid", "name", "store"}, nil)
	descVisual   = prometheus.NewDesc("orgstore_visual_info", "A visual, its installed version and its state; always 1.", []string{"guid", "name", "store", "version", "state"}, nil)
	descVisuals  = prometheus.NewDesc("orgstore_visuals", "Visuals by state; drifted ones are those that somebody else changed.", []string{"state"}, nil)
	descStore    = prometheus.NewDesc("orgstore_store_reachable", "1 while a store can be read, and 0 while it cannot.", []string{"store"}, nil)
	descGates    = prometheus.NewDesc("orgstore_gates_waiting", "Changes held back, by the kind of gate.", []string{"gate"}, nil)
	descDrift    = prometheus.NewDesc("orgstore_drift", "What is otherwise in the store than it should be, by class.", []string{"class"}, nil)
	descRequests = prometheus.NewDesc("orgstore_tenant_requests_total", "Requests to the tenant and its sign-in; counted anew when the settings change.", nil, nil)
	descRetries  = prometheus.NewDesc("orgstore_tenant_retries_total", "Requests that were tried again.", nil, nil)
	descThrottle = prometheus.NewDesc("orgstore_tenant_throttled_total", "Answers that asked to come back later.", nil, nil)
	descQuota    = prometheus.NewDesc("orgstore_tenant_quota_left", "What is left of a quota of Microsoft's that was used of late, in its own units, as far as this agent used it.", []string{"service", "quota"}, nil)
	descFailures = prometheus.NewDesc("orgstore_round_failures", "Rounds that failed in a row; 0 while they go well.", nil, nil)
	descGood     = prometheus.NewDesc("orgstore_last_good_round_timestamp_seconds", "When a round last went well, in seconds since 1970.", nil, nil)
	descNext     = prometheus.NewDesc("orgstore_next_round_timestamp_seconds", "When the next round begins at the latest, in seconds since 1970.", nil, nil)
	descBroken   = prometheus.NewDesc("orgstore_settings_broken", "1 while the settings file has faults and earlier settings are in force.", nil, nil)
)

// Describe implements prometheus.Collector.
func (m *Monitor) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descDaysLeft, descVisual, descVisuals, descStore, descGates, descDrift, descRequests, descRetries, descThrottle, descQuota, descFailures, descGood, descNext, descBroken} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (m *Monitor) Collect(to chan<- prometheus.Metric) {
	m.mu.Lock()
	s, broken := m.state, m.broken
	m.mu.Unlock()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		// Only a name that is no UTF-8 cannot be shown.
		if metric, err := prometheus.NewConstMetric(d, prometheus.GaugeValue, v, labels...); err == nil {
			to <- metric
		}
	}
	states := map[string]int{}
	for _, v := range s.Report.Visuals {
		states[v.State]++
		gauge(descVisual, 1, v.GUID, v.Name, v.Store, v.Version, v.State)
		if v.DaysLeft != nil {
			gauge(descDaysLeft, float64(*v.DaysLeft), v.GUID, v.Name, v.Store)
		}
	}
	for state, n := range states {
		gauge(descVisuals, float64(n), state)
	}
	for _, t := range s.Report.Stores {
		reachable := 1.0
		if !t.UnreachableSince.IsZero() {
			reachable = 0
		}
		gauge(descStore, reachable, t.Name)
	}
	for kind, n := range s.Report.Gates {
		gauge(descGates, float64(n), kind)
	}
	for class, n := range s.Report.Drift {
		gauge(descDrift, float64(n), class)
	}
	t := s.Report.Traffic
	for d, n := range map[*prometheus.Desc]uint64{descRequests: t.Requests, descRetries: t.Retries, descThrottle: t.Throttled} {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n))
	}
	for _, q := range t.Quotas {
		gauge(descQuota, float64(q.Left), q.Service, q.Name)
	}
	gauge(descFailures, float64(s.Failures))
	for d, at := range map[*prometheus.Desc]time.Time{descGood: s.Good, descNext: s.Next} {
		if !at.IsZero() {
			gauge(d, float64(at.UnixMilli())/1000)
		}
	}
	value := 0.0
	if broken {
		value = 1
	}
	gauge(descBroken, value)
}
