package cli

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"time"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/packages/disk"
)

// A Simulation is a tenant on this machine that answers as Microsoft's does.
type Simulation interface {
	// CA is the authority that its certificates are signed by, as PEM.
	CA() []byte
	// Reached is where its services answer.
	Reached() config.Endpoints
	// Page is the address of its page Organizational visuals.
	Page() string
	// Upload puts a file into its library, as people do.
	Upload(name string, file []byte) error
	// Held are the files in its library's top folder, by name.
	Held() map[string][]byte
	// Shown is what stands beside a file in its library, by column.
	Shown(name string) map[string]string
	// Mailed is what was mailed from its mailbox, in order.
	Mailed() []engine.Mail
	// Calls counts what it was asked.
	Calls() int
	Close() error
}

// Simulated says which tenant is simulated.
type Simulated struct {
	Addr           string // loopback address of the first of consecutive ports; empty: the system chooses
	Tenant         string
	Client, Secret string // of the app registration
	Site, Library  string
	Faults         []byte            // rules, as YAML; empty for none
	Quotas         bool              // 429 beyond Microsoft's published quotas
	Told           func(call string) // is told each call, one after another; nil: nobody
	Now            func() time.Time
}

// simulated is the tenant that simulator and demo begin with.
func (g *globals) simulated() Simulated {
	return Simulated{
		Tenant: demoTenant, Client: "3f0a51c4-7a1d-4a52-9f5e-2b8f0a4c6d17", Secret: rand.Text(),
		Site: "https://contoso.sharepoint.com/sites/bi", Library: "Visuals", Now: g.Now,
	}
}

// settings writes the settings of a folder that works with a simulation.
func (o Simulated) settings(e config.Endpoints) []byte {
	text := config.TemplateIn(o.Tenant, config.SharePoint{Site: o.Site, Library: o.Library}, config.SignIn{Type: config.BySecret, Client: o.Client, SecretFile: "secret.txt"})
	return fmt.Appendf(text, `
# The tenant that orgstore simulates on this machine.
endpoints:
  login: %s
  graph: %s
  powerbi: %s
  fabric: %s
  portal: %s
network:
  ca: ca.pem
`, e.Login, e.Graph, e.PowerBI, e.Fabric, e.Portal)
}

// simulate starts a tenant.
func (g *globals) simulate(o Simulated) (Simulation, error) {
	if g.Simulate == nil {
		return nil, fault.New("simulator.unsupported", "use a build of orgstore that has it", "this program was built without the simulator")
	}
	s, err := g.Simulate(o)
	if err != nil {
		return nil, fault.New("simulator.failed", "name another address with --addr, or mend the rules of --faults", "cannot simulate a tenant: %w", err)
	}
	return s, nil
}

// equip writes into a folder what orgstore needs to work with a simulation. The
// authority and the secret are new each time; settings that are there stay.
func (g *globals) equip(folder string, o Simulated, s Simulation) (kept bool, err error) {
	if err := disk.MakeDir(g.Disk, folder, 0o755); err != nil {
		return false, files.Unwritable(folder, err)
	}
	settings := filepath.Join(folder, config.FileName)
	_, err = g.Disk.Stat(settings)
	kept = err == nil
	written := []files.File{{Name: filepath.Join(folder, "ca.pem"), Perm: 0o644, Text: s.CA()}, {Name: filepath.Join(folder, "secret.txt"), Perm: 0o600, Text: []byte(o.Secret + "\n")}}
	if !kept {
		written = append(written, files.File{Name: filepath.Join(folder, config.SchemaName), Perm: 0o644, Text: config.Schema()}, files.File{Name: settings, Perm: 0o644, Text: o.settings(s.Reached())})
	}
	if err := files.Write(g.Disk, written...); err != nil {
		return kept, err
	}
	return kept, disk.MakeDir(g.Disk, filepath.Join(folder, "store"), 0o755)
}
