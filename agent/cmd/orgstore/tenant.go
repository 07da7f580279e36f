package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/loop"
	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/mailbox"
	"github.com/orgstore/orgstore/graph/sharepoint"
	"github.com/orgstore/orgstore/graph/survey"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/tenant"
)

const (
	// maxSecret bounds a file with a secret or a password, in bytes.
	maxSecret = 4 << 10
	// maxCertificates bounds a file of certificates and keys, in bytes.
	maxCertificates = 1 << 20
)

// A remote is a tenant over the wire. It is connected when something first
// needs it: most commands never do.
type remote struct {
	settings   config.Settings
	connection *graph.Connection
	signIn     graph.SignIn
	documents  *sharepoint.Library // nil until somebody asks for it
}

// connect prepares the way to a tenant; nothing goes over the network yet.
func connect(d disk.Disk, s config.Settings, r engine.Remote) (engine.Tenant, error) {
	return connectBy(nil, d, s, r)
}

// connectBy waits by a clock; nil is the system's.
func connectBy(clock graph.Clock, d disk.Disk, s config.Settings, r engine.Remote) (engine.Tenant, error) {
	o, err := options(d, s, r)
	if err != nil {
		return nil, err
	}
	o.Clock = clock
	c, err := graph.Connect(o)
	if err != nil {
		return nil, err
	}
	return &remote{settings: s, connection: c, signIn: o.SignIn}, nil
}

func (r *remote) Library(context.Context) (intake.Library, error) { return r.library() }

// library opens the document library once: it keeps what it learned of it.
func (r *remote) library() (*sharepoint.Library, error) {
	if r.documents != nil {
		return r.documents, nil
	}
	named := r.settings.Library.SharePoint
	l, err := sharepoint.Open(r.connection, sharepoint.Options{
		Site: named.Site, Library: named.Library, Folder: named.Folder, IDs: sharepoint.IDs{Drive: named.Drive},
	})
	if err != nil {
		return nil, err
	}
	r.documents = l
	return l, nil
}

func (r *remote) Doctor(ctx context.Context) ([]tenant.Requirement, error) {
	return r.survey().Doctor(ctx)
}

func (r *remote) Facts(ctx context.Context, groups []string) (tenant.Facts, []tenant.Requirement, error) {
	return r.survey().Facts(ctx, groups)
}

// survey asks the tenant that the settings name, and looks at the library if
// that is one of its.
func (r *remote) survey() *survey.Survey {
	if !r.settings.Library.SharePoint.Named() {
		return survey.New(r.connection, r.settings.Tenant, nil)
	}
	return survey.New(r.connection, r.settings.Tenant, survey.NewLibrary(r.connection, r.settings.SignIn.Client, r.place, r.writable))
}

// place finds the library in SharePoint.
func (r *remote) place(ctx context.Context) (survey.Place, error) {
	l, err := r.library()
	if err != nil {
		return survey.Place{}, err
	}
	ids, err := l.IDs(ctx)
	return survey.Place(ids), err
}

func (r *remote) Mail(ctx context.Context, m engine.Mail) error {
	return mailbox.Send(ctx, r.connection, mailbox.Mail(m))
}

func (r *remote) CertificateEnds() (time.Time, error) { return r.signIn.CertificateExpiry() }

func (r *remote) Traffic() loop.Traffic {
	t := r.connection.Traffic()
	told := loop.Traffic{Requests: t.Requests, Retries: t.Retries, Throttled: t.Throttled}
	for _, room := range t.Quotas {
		told.Quotas = append(told.Quotas, loop.Quota{Service: string(room.Service), Name: room.Quota, Left: room.Remaining})
	}
	return told
}

// writable asks whether the library could be written.
func (r *remote) writable(ctx context.Context) error {
	l, err := r.library()
	if err != nil {
		return err
	}
	return l.CheckWritable(ctx)
}

func (r *remote) Close() error {
	r.connection.Close()
	return nil
}

// options turns settings into what a connection is made with. Secrets are read
// when somebody signs in with them, and not before.
func options(d disk.Disk, s config.Settings, r engine.Remote) (graph.Options, error) {
	cloud, err := reached(s)
	if err != nil {
		return graph.Options{}, err
	}
	o := graph.Options{Cloud: cloud, Tenant: s.Tenant, SignIn: signIn(d, s.SignIn, r), Program: r.Program, OnServerDate: r.Seen}
	if s.Network.Proxy != "" {
		if o.Proxy, err = url.Parse(s.Network.Proxy); err != nil {
			return o, err
		}
	}
	if s.Network.CA != "" {
		if err := (engine.Ports{}).Guard("the file of network.ca", s.Network.CA); err != nil {
			return o, err
		}
		pem, err := disk.ReadFile(d, s.Network.CA, maxCertificates)
		if err != nil {
			return o, fmt.Errorf("cannot read the certificates that network.ca names: %w", err)
		}
		o.CAs = [][]byte{pem}
	}
	return o, cloud.Check()
}

// reached is the cloud that the settings name, with the endpoints that they set
// by hand. Tokens stay those for the cloud's services, also behind a gateway,
// unless the settings say for whom they are. Where nobody published whom Fabric's
// are for, they are Power BI's, which it takes as well (observed in fabric-cli).
func reached(s config.Settings) (graph.Cloud, error) {
	cloud, err := graph.CloudNamed(s.Cloud)
	e := s.Endpoints
	cloud.GraphAudience = cmp.Or(e.GraphAudience, cloud.Graph)
	cloud.PowerBIAudience = cmp.Or(e.PowerBIAudience, cloud.PowerBIAudience)
	cloud.FabricAudience = cmp.Or(e.FabricAudience, cloud.FabricAudience, cloud.PowerBIAudience)
	cloud.Login, cloud.Graph = cmp.Or(e.Login, cloud.Login), cmp.Or(e.Graph, cloud.Graph)
	cloud.PowerBI, cloud.Fabric = cmp.Or(e.PowerBI, cloud.PowerBI), cmp.Or(e.Fabric, cloud.Fabric)
	cloud.Portal = cmp.Or(e.Portal, cloud.Portal)
	return cloud, err
}

func signIn(d disk.Disk, s config.SignIn, r engine.Remote) graph.SignIn {
	in := graph.SignIn{Method: graph.Method(s.Type), Client: s.Client, TokenFile: s.TokenFile, Prompt: r.Prompt}
	if s.Type == "" {
		in.Method = graph.ByDefault
	}
	switch {
	case s.SecretFile != "":
		in.Secret = func() (string, error) { return secretIn(d, s.SecretFile) }
	case s.SecretEnv != "":
		in.Secret = func() (string, error) { return secretOf(r.Env, s.SecretEnv) }
	}
	switch {
	case s.PasswordFile != "":
		in.CertificatePassword = func() (string, error) { return secretIn(d, s.PasswordFile) }
	case s.PasswordEnv != "":
		in.CertificatePassword = func() (string, error) { return secretOf(r.Env, s.PasswordEnv) }
	}
	if s.Certificate != "" {
		in.Certificate = func() ([]byte, error) {
			if err := engine.GuardSecret("the certificate with its private key", s.Certificate); err != nil {
				return nil, err
			}
			return disk.ReadFile(d, s.Certificate, maxCertificates)
		}
	}
	return in
}

// secretIn reads a secret from a file, without the line end that editors add.
func secretIn(d disk.Disk, name string) (string, error) {
	if err := engine.GuardSecret("the secret file", name); err != nil {
		return "", err
	}
	text, err := disk.ReadFile(d, name, maxSecret)
	if err != nil {
		return "", err
	}
	text, _ = bytes.CutSuffix(text, []byte("\n"))
	text, _ = bytes.CutSuffix(text, []byte("\r"))
	if len(text) == 0 {
		return "", fmt.Errorf("the file %s is empty", name)
	}
	return string(text), nil
}

func secretOf(env func(string) string, name string) (string, error) {
	if v := env(name); v != "" {
		return v, nil
	}
	return "", fmt.Errorf("the environment variable %s is not set", name)
}
