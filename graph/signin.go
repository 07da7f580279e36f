package graph

import "context"

// A Method names a way to sign in, as m365 and fab spell it.
type Method string

// The ways to sign in.
const (
	ByIdentity          Method = "identity"          // a managed identity of Azure
	ByFederatedIdentity Method = "federatedIdentity" // a workload's token, exchanged
	ByCertificate       Method = "certificate"
	BySecret            Method = "secret"
	ByDeviceCode        Method = "deviceCode"
	ByBrowser           Method = "browser"
	ByAzureCLI          Method = "azureCli"
	ByDefault           Method = "default" // azidentity's chain
)

// SignIn says how to sign in. Secrets are read when they are needed, and never
// kept in settings.
type SignIn struct {
	Method              Method
	Client              string // the application's (client) id; of a user-assigned identity: its client id
	Secret              func() (string, error)
	Certificate         func() ([]byte, error) // PEM or PFX
	CertificatePassword func() (string, error)
	TokenFile           string // of the federated identity; empty: AZURE_FEDERATED_TOKEN_FILE
	// Prompt shows a person what to do, for the device code.
	Prompt func(ctx context.Context, message string) error
}
