package engine

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/packages/verdict"
)

// tenantFacts reads what is known of the tenant's users and capacities: what people
// wrote down in facts.yaml in the data folder, joined with what the tenant told
// the last time. Without either nothing is known, and every license is said to
// be unchecked.
func (p Ports) tenantFacts(s config.Settings) (tenant.Facts, error) {
	facts, _, err := p.mergedFacts(s)
	return facts, err
}

// mergedFacts is usage, with what people and tenant say differently.
func (p Ports) mergedFacts(s config.Settings) (tenant.Facts, []verdict.Finding, error) {
	written, err := p.FactsIn(s, tenant.FileName, "mend the file, or take it away: licenses are then not held against what is used")
	if err != nil {
		return tenant.Facts{}, nil, err
	}
	told, err := p.FactsIn(s, tenant.ToldName, "run `orgstore facts refresh`, which writes it anew")
	if err != nil {
		return tenant.Facts{}, nil, err
	}
	facts, differ := written.Joined(told)
	return facts, differ, nil
}

func (p Ports) FactsIn(s config.Settings, file, hint string) (tenant.Facts, error) {
	name := filepath.Join(s.Data, file)
	text, err := disk.ReadFile(p.Disk, name, tenant.MaxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return tenant.Facts{}, nil
	}
	if err != nil {
		return tenant.Facts{}, err
	}
	facts, err := tenant.ParseFacts(name, text)
	if err != nil {
		return facts, fault.New("facts.invalid", hint, "cannot read what is known of the tenant: %w", err)
	}
	if err := facts.About(s.Tenant); err != nil {
		return facts, fault.New("facts.tenant", hint, "%s: %w", name, err)
	}
	return facts, nil
}
