package graph

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/go-json-experiment/json"
)

// A SignInError says that signing in failed, and what is missing. It holds
// nothing that was sent. Of the answer it holds only Entra's code and the
// correlation id.
type SignInError struct {
	Method        Method
	AADSTS        string // Entra's code without its prefix, such as 7000215; may be empty
	CorrelationID string // for Microsoft support and the sign-in log; may be empty
	code, reason  string
	hint          string
	err           error
}

// Error returns the message in one line.
func (e *SignInError) Error() string {
	s := "cannot sign in: " + e.reason
	switch {
	case e.AADSTS != "" && e.CorrelationID != "":
		s += fmt.Sprintf(" (AADSTS%s, correlation id %s)", e.AADSTS, e.CorrelationID)
	case e.AADSTS != "":
		s += fmt.Sprintf(" (AADSTS%s)", e.AADSTS)
	}
	return s
}

// Unwrap returns the cause, if it holds no secret.
func (e *SignInError) Unwrap() error { return e.err }

// Code is stable and begins with "signin.": signin.secret, signin.certificate,
// signin.application, signin.tenant, signin.consent, signin.policy,
// signin.user, signin.method, signin.unreachable, or signin.refused.
func (e *SignInError) Code() string { return e.code }

// Hint names the missing permission, role, or setting.
func (e *SignInError) Hint() string { return e.hint }

// unreadableSecret says that a secret could not be read. The reader of the
// secret gives the reason, because it knows the file or the variable.
func unreadableSecret(what string, err error) error {
	return &SignInError{code: "signin.method", reason: "the " + what + " cannot be read: " + redact(err.Error()), hint: "check its place in the settings, and who may read it", err: err}
}

// unusableSecret says that a secret was read but cannot be used.
func unusableSecret(m Method) error {
	e := &SignInError{Method: m, code: "signin.method", reason: "the settings for " + string(m) + " cannot be used"}
	switch m {
	case ByCertificate:
		e.code, e.reason = "signin.certificate", "the certificate cannot be opened with its password"
		e.hint = "the file must hold the certificate and its private key, as PEM without a password or as PFX; with OpenSSL 3, create the PFX with `openssl pkcs12 -export -legacy`"
	case BySecret:
		e.code, e.reason, e.hint = "signin.secret", "the secret is empty", "set the client secret's value"
	case ByFederatedIdentity:
		e.hint = "set the application's client id and the token file, or set AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE in the environment"
	}
	return e
}

// An entraFault explains one of Entra's codes to the person who can fix it.
type entraFault struct{ code, reason, hint string }

// entraFaultFor returns the fault for one of the codes that administrators meet
// (documented: Entra, authentication and authorization error codes).
func entraFaultFor(aadsts string) (entraFault, bool) {
	switch aadsts {
	case "7000215":
		return entraFault{"signin.secret", "the client secret is wrong", "set the value of the secret, not its id; you can create a new one under App registrations > Certificates & secrets"}, true
	case "7000222":
		return entraFault{"signin.secret", "the client secret has expired", "create a new one under App registrations > Certificates & secrets and set it, or use a certificate or a managed identity instead"}, true
	case "7000216", "7000218":
		return entraFault{"signin.secret", "the application needs a secret or a certificate", "use the method secret or certificate; for deviceCode and browser, enable App registrations > Authentication > Allow public client flows"}, true
	case "700027", "700024", "700023", "5002738":
		return entraFault{"signin.certificate", "the certificate is not registered with the application, or this machine's clock is wrong", "upload its public part under App registrations > Certificates & secrets, and check this machine's clock"}, true
	case "700016", "700013", "90013":
		return entraFault{"signin.application", "the tenant does not know the application", "check the client id and the tenant id, and that an administrator has consented to the application in this tenant"}, true
	case "7000112", "7000114", "700054":
		return entraFault{"signin.application", "the application is disabled, or may not sign in this way", "check Enterprise applications > Properties > Enabled for users to sign-in"}, true
	case "90002", "900023", "50020", "90019", "900382":
		return entraFault{"signin.tenant", "there is no such tenant in this cloud", "check the tenant id and the cloud: public, gcc, gcchigh, dod, or china"}, true
	case "500011", "650052", "650057", "500014":
		return entraFault{"signin.consent", "the tenant has not enabled the service, or the application did not request it", "add the API permissions in install/permissions.md to the app registration and grant admin consent"}, true
	case "65001", "65004", "90094", "90093", "65005", "70011", "1003031":
		return entraFault{"signin.consent", "nobody has consented to the permissions", "ask an administrator to grant admin consent under App registrations > API permissions; install/permissions.md lists the permissions"}, true
	case "53003", "53000", "53001", "53002", "530032", "530033", "530034", "50105":
		return entraFault{"signin.policy", "a Conditional Access policy or an assignment blocks the sign-in", "find the correlation id in Entra's sign-in logs, and exclude this workload or this location from the policy"}, true
	case "50034", "50056", "50057", "50126", "50053", "50055", "50128", "50059":
		return entraFault{"signin.user", "the user name, password, or account is not accepted", "sign in with an enabled account of this tenant"}, true
	case "50076", "50079", "50072", "50074", "50158":
		return entraFault{"signin.user", "a second factor is needed", "sign in with browser or deviceCode, or use an application's certificate"}, true
	case "70043", "700082", "50173", "50078", "700084", "50133":
		return entraFault{"signin.user", "the sign-in has expired", "sign in again"}, true
	case "70018", "70019", "70020", "70016":
		return entraFault{"signin.user", "the code was not entered in time", "run the command again and enter the code within 15 minutes"}, true
	case "700211", "700212", "700213", "70021", "70025", "7002138", "50027", "700236", "7000272":
		return entraFault{"signin.application", "no federated credential of the application matches this workload's token", "compare issuer, subject, and audience under App registrations > Certificates & secrets > Federated credentials"}, true
	case "90033", "90012", "90006", "50196":
		return entraFault{"signin.unreachable", "Entra is busy", "try again in a few minutes"}, true
	}
	return entraFault{}, false
}

var (
	aadstsPattern = regexp.MustCompile(`AADSTS(\d{4,8})\b`)
	uuidPattern   = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
)

// newSignInError turns any failure of azidentity into a SignInError.
func newSignInError(o Options, err error, last *lastResponse) error {
	e := &SignInError{Method: o.SignIn.Method}
	var failed *azidentity.AuthenticationFailedError
	status, posted, transportErr := last.get()
	if errors.As(err, &failed) && failed.RawResponse != nil {
		status = failed.RawResponse.StatusCode
		e.readResponse(failed.RawResponse)
	} else if m := aadstsPattern.FindStringSubmatch(err.Error()); m != nil {
		e.AADSTS = m[1] // az and the default chain report the code only as text
	}
	if e.AADSTS == "" && strings.Contains(err.Error(), "declined scopes") {
		known, _ := entraFaultFor("65001") // MSAL compares the requested scopes with the granted ones
		e.code, e.reason, e.hint = known.code, known.reason, known.hint
		return e
	}
	if known, ok := entraFaultFor(e.AADSTS); ok {
		e.code, e.reason, e.hint = known.code, known.reason, known.hint
		return e
	}
	switch m := o.SignIn.Method; {
	case e.AADSTS != "":
		e.code, e.reason, e.hint = "signin.refused", "Entra refused the sign-in", "look up the code at https://login.microsoftonline.com/error, and the correlation id in Entra's sign-in logs"
	case transportErr != nil:
		e.setUnreachable(transportErr)
	case m == ByAzureCLI:
		e.code, e.reason, e.hint = "signin.method", "the Azure CLI returned no token", "install az if it is missing, and run `az login --tenant "+o.Tenant+"`"
	case m == ByIdentity:
		e.code, e.reason, e.hint = "signin.method", "this machine has no usable managed identity", "enable it for this resource in Azure; for a user-assigned identity, set its client id"
	case m == ByDefault:
		e.code, e.reason, e.hint = "signin.method", "none of the default methods returned a token", "set the method in the settings: certificate, secret, identity, federatedIdentity, deviceCode, browser, or azureCli"
	case m == ByFederatedIdentity && !posted:
		e.code, e.reason, e.hint = "signin.method", "the workload's token cannot be read", "check the token file, and that it is renewed"
	case m == ByBrowser && status == 0:
		e.code, e.reason, e.hint = "signin.method", "no browser answered", "sign in with deviceCode, or run this on a machine with a browser"
	case status >= 500 || status == http.StatusTooManyRequests:
		e.code, e.reason, e.hint = "signin.unreachable", fmt.Sprintf("Entra answered %d", status), "try again in a few minutes"
	default:
		e.code, e.reason = "signin.unreachable", fmt.Sprintf("the answer from %s is not Entra's", o.Cloud.Login)
		e.hint = "check the cloud and the login endpoint, and whether a proxy answers instead of Entra"
	}
	return e
}

// setUnreachable records that Entra did not answer.
func (e *SignInError) setUnreachable(err error) {
	var cert *tls.CertificateVerificationError
	e.code, e.err, e.reason = "signin.unreachable", err, "Entra cannot be reached: "+redact(err.Error())
	e.hint = "check the network, the proxy, and the cloud in the settings"
	switch {
	case errors.Is(err, context.Canceled):
		e.reason = "it was canceled"
	case errors.As(err, &cert):
		e.hint = "if your proxy inspects TLS connections, add its certificate to the trusted certificates in the settings"
	}
}

// readResponse reads the code and the correlation id of Entra's refusal, and
// nothing else.
func (e *SignInError) readResponse(resp *http.Response) {
	if resp.Body == nil {
		return
	}
	raw, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	var answer struct {
		Error         string   `json:"error"`
		Description   string   `json:"error_description"`
		Codes         []uint64 `json:"error_codes"`
		CorrelationID string   `json:"correlation_id"`
	}
	if json.Unmarshal(raw, &answer) != nil {
		return
	}
	if len(answer.Codes) > 0 {
		e.AADSTS = fmt.Sprint(answer.Codes[0])
	} else if m := aadstsPattern.FindStringSubmatch(answer.Description); m != nil {
		e.AADSTS = m[1]
	}
	if uuidPattern.MatchString(answer.CorrelationID) {
		e.CorrelationID = strings.ToLower(answer.CorrelationID)
	}
}
