package cli

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/tenant"
)

// usage reads what people wrote down of the tenant's users and capacities:
// facts.yaml in the data folder. Without the file nothing is known, and every
// license is said to be unchecked.
func (g *globals) usage(s config.Settings) (tenant.Facts, error) {
	name := filepath.Join(s.Data, tenant.FileName)
	text, err := disk.ReadFile(g.Disk, name, tenant.MaxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return tenant.Facts{}, nil
	}
	if err != nil {
		return tenant.Facts{}, err
	}
	hint := "mend the file, or take it away: licenses are then not held against what is used"
	facts, err := tenant.ParseFacts(name, text)
	if err != nil {
		return facts, problem(exitError, "facts.invalid", hint, "cannot read what is known of the tenant: %w", err)
	}
	if err := facts.About(s.Tenant); err != nil {
		return facts, problem(exitError, "facts.tenant", hint, "%s: %w", name, err)
	}
	return facts, nil
}
