package graph

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// A Method names a way to sign in, spelled as m365 and fab spell it.
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

// SignIn says how to sign in. Secrets are read when they are needed. They are
// never kept in settings.
type SignIn struct {
	Method              Method
	Client              string // the client id of the application, or of a user-assigned identity
	Secret              func() (string, error)
	Certificate         func() ([]byte, error) // PEM or PFX
	CertificatePassword func() (string, error)
	TokenFile           string // for a federated identity; empty: AZURE_FEDERATED_TOKEN_FILE
	// Prompt shows a person what to do when the method is a device code.
	Prompt func(ctx context.Context, message string) error
}

// checkComplete reports what is missing, before any sign-in is tried.
func (s SignIn) checkComplete(tenant string) error {
	missing := func(what string) error {
		return fmt.Errorf("cannot sign in with %s: %s is not set", s.Method, what)
	}
	if !isTenantName(tenant) && s.Method != ByIdentity {
		return fmt.Errorf("cannot sign in: %q is not the id of a tenant", tenant)
	}
	switch s.Method {
	case ByIdentity, ByAzureCLI, ByDefault:
		return nil
	case BySecret, ByCertificate, ByDeviceCode, ByBrowser, ByFederatedIdentity:
		if s.Client == "" && s.Method != ByFederatedIdentity { // its webhook sets AZURE_CLIENT_ID
			return missing("the application's client id")
		}
	default:
		return fmt.Errorf("%q is not a sign-in method; use identity, federatedIdentity, certificate, secret, deviceCode, browser, azureCli, or default", s.Method)
	}
	switch {
	case s.Method == BySecret && s.Secret == nil:
		return missing("the secret")
	case s.Method == ByCertificate && s.Certificate == nil:
		return missing("the certificate")
	case s.Method == ByDeviceCode && s.Prompt == nil:
		return missing("the prompt for the code")
	}
	return nil
}

// isTenantName reports whether s has the form of a tenant's id or domain.
func isTenantName(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.' {
			return false
		}
	}
	return s != ""
}

// newAzureCredential creates azidentity's credential. azidentity's own retries
// are off: the HTTP client retries and keeps to the limits.
func newAzureCredential(o Options, transport *http.Client) (azcore.TokenCredential, error) {
	s := o.SignIn
	client := azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: o.Cloud.Login},
		Retry:     policy.RetryOptions{MaxRetries: -1},
		Transport: &recordingTransport{transport},
		Telemetry: policy.TelemetryOptions{Disabled: true},
	}
	custom := !isMicrosoftLogin(o.Cloud.Login)
	switch s.Method {
	case BySecret:
		secret, err := s.Secret()
		if err != nil {
			return nil, unreadableSecret("secret", err)
		}
		return azidentity.NewClientSecretCredential(o.Tenant, s.Client, secret, &azidentity.ClientSecretCredentialOptions{ClientOptions: client, DisableInstanceDiscovery: custom})
	case ByCertificate:
		return newCertificateCredential(o, client, custom)
	case ByIdentity:
		mi := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: client}
		if s.Client != "" {
			mi.ID = azidentity.ClientID(s.Client)
		}
		return azidentity.NewManagedIdentityCredential(mi)
	case ByFederatedIdentity:
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{ClientOptions: client, ClientID: s.Client, TenantID: o.Tenant, TokenFilePath: s.TokenFile, DisableInstanceDiscovery: custom})
	case ByDeviceCode:
		return azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{ClientOptions: client, ClientID: s.Client, TenantID: o.Tenant, DisableInstanceDiscovery: custom,
			UserPrompt: func(ctx context.Context, m azidentity.DeviceCodeMessage) error { return s.Prompt(ctx, m.Message) }})
	case ByBrowser:
		return azidentity.NewInteractiveBrowserCredential(&azidentity.InteractiveBrowserCredentialOptions{ClientOptions: client, ClientID: s.Client, TenantID: o.Tenant, DisableInstanceDiscovery: custom})
	case ByAzureCLI:
		return azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: o.Tenant})
	case ByDefault:
		return azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{ClientOptions: client, TenantID: o.Tenant, DisableInstanceDiscovery: custom})
	}
	return nil, fmt.Errorf("%q is not a sign-in method", s.Method)
}

func newCertificateCredential(o Options, client azcore.ClientOptions, custom bool) (azcore.TokenCredential, error) {
	s := o.SignIn
	certs, key, err := s.loadCertificate()
	if err != nil {
		return nil, err
	}
	return azidentity.NewClientCertificateCredential(o.Tenant, s.Client, certs, key, &azidentity.ClientCertificateCredentialOptions{ClientOptions: client, DisableInstanceDiscovery: custom})
}

func (s SignIn) loadCertificate() ([]*x509.Certificate, crypto.PrivateKey, error) {
	raw, err := s.Certificate()
	if err != nil {
		return nil, nil, unreadableSecret("certificate", err)
	}
	var password string
	if s.CertificatePassword != nil {
		if password, err = s.CertificatePassword(); err != nil {
			return nil, nil, unreadableSecret("certificate's password", err)
		}
	}
	certs, key, err := azidentity.ParseCertificates(raw, []byte(password))
	if err != nil {
		return nil, nil, unusableSecret(ByCertificate)
	}
	return certs, key, nil
}

// CertificateExpiry returns when the sign-in certificate expires. It returns
// the zero time if this method uses no certificate. It asks no service.
func (s SignIn) CertificateExpiry() (time.Time, error) {
	if s.Method != ByCertificate || s.Certificate == nil {
		return time.Time{}, nil
	}
	certs, key, err := s.loadCertificate()
	if err != nil {
		return time.Time{}, err
	}
	if owner, ok := key.(crypto.Signer); ok {
		public, _ := owner.Public().(interface{ Equal(crypto.PublicKey) bool })
		for _, c := range certs { // certificates of authorities may be in the same file
			if public != nil && public.Equal(c.PublicKey) {
				return c.NotAfter.UTC(), nil
			}
		}
	}
	return time.Time{}, unusableSecret(ByCertificate)
}

// isMicrosoftLogin reports whether a login host is one of Microsoft's own,
// whose tenants MSAL can look up.
func isMicrosoftLogin(login string) bool {
	for _, name := range CloudNames() {
		if k, err := CloudNamed(name); err == nil && k.Login == login {
			return true
		}
	}
	return false
}
