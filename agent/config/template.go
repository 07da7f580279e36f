package config

import (
	_ "embed"
	"strings"
)

//go:embed template.yaml
var template string

// noTenant stands in the template until somebody writes the tenant's id.
const noTenant = "00000000-0000-0000-0000-000000000000"

// Template returns the commented settings file that init writes and that works
// as it is. Without a tenant id it holds one of zeros, which no license names.
// The file refers editors to the schema that lies beside it as SchemaName.
func Template(tenant string) []byte {
	if tenant == "" {
		tenant = noTenant
	}
	return []byte(strings.Replace(template, noTenant, tenant, 1))
}
