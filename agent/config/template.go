package config

import (
	_ "embed"
	"strconv"
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

// The parts of the template that a connected tenant writes otherwise.
const (
	signInPart = `# sign_in:
#   type: certificate
#   client: 11111111-2222-3333-4444-555555555555   # Application (client) ID
#   certificate: orgstore.pem                      # certificate and private key
`
	folderPart = `  folder: inbox
  # or a document library, in place of the folder:
  # sharepoint:
  #   site: https://contoso.sharepoint.com/sites/bi
  #   library: Visuals
  #   folder: Packages      # only what is in it; without it, the whole library
`
)

// TemplateIn returns the template with a library in SharePoint, and with a way
// to sign in as an application unless that is the zero one.
func TemplateIn(tenant string, l SharePoint, in SignIn) []byte {
	text := strings.Replace(string(Template(tenant)), folderPart, "  sharepoint:\n    site: "+strconv.Quote(l.Site)+
		"\n    library: "+strconv.Quote(l.Library)+`
    # folder: Packages      # only what is in it; without it, the whole library
    # drive: b!...          # its id, where the application may not reach its site
  # or a folder, in place of the library:
  # folder: inbox
`, 1)
	if in == (SignIn{}) {
		return []byte(text)
	}
	part := "sign_in:\n  type: " + in.Type + "\n  client: " + strconv.Quote(in.Client) + "   # Application (client) ID\n"
	if in.Certificate != "" {
		part += "  certificate: " + strconv.Quote(in.Certificate) + "   # certificate and private key, PEM or PFX\n"
	}
	if in.SecretFile != "" {
		part += "  secret_file: " + strconv.Quote(in.SecretFile) + "\n"
	}
	return []byte(strings.Replace(text, signInPart, part, 1))
}
