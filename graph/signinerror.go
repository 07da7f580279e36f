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
	return &SignInError{code: "signin.method", reason: "the " + what + " cannot be read: " + redact(err.Error()), hint: "check where the settings say it is, and who may read it", err: err}
}

// unusableSecret says that a secret was read but cannot be used.
func unusableSecret(m Method) error {
	e := &SignInError{Method: m, code: "signin.method", reason: "what is set for " + string(m) + " is of no use"}
	switch m {
	case ByCertificate:
		e.code, e.reason = "signin.certificate", "the certificate cannot be used with its password"
		e.hint = "it must hold the certificate and its private key, as PEM without a password or as PFX; a PFX made by OpenSSL 3 needs `openssl pkcs12 -export -legacy`"
	case BySecret:
		e.code, e.reason, e.hint = "signin.secret", "the secret is empty", "set the client secret's value"
	case ByFederatedIdentity:
		e.hint = "set the application's client id and the token's file, or run where AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE are set"
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
		return entraFault{"signin.secret", "the client secret is wrong", "set the secret's value, not its id; make a new one under App registrations > Certificates & secrets"}, true
	case "7000222":
		return entraFault{"signin.secret", "the client secret has expired", "make a new one under App registrations > Certificates & secrets, and set it; a certificate or a managed identity need no secret"}, true
	case "7000216", "7000218":
		return entraFault{"signin.secret", "the application must prove itself with a secret or a certificate", "set the method secret or certificate; for deviceCode and browser turn on App registrations > Authentication > Allow public client flows"}, true
	case "700027", "700024", "700023", "5002738":
		return entraFault{"signin.certificate", "the certificate is not registered with the application, or its signature is out of date", "upload its public part under App registrations > Certificates & secrets, and check this machine's clock"}, true
	case "700016", "700013", "90013":
		return entraFault{"signin.application", "the tenant does not know the application", "check the client id and the tenant's id, and that an administrator has consented to the application in this tenant"}, true
	case "7000112", "7000114", "700054":
		return entraFault{"signin.application", "the application is disabled, or may not sign in this way", "look at Enterprise applications > Properties > Enabled for users to sign-in"}, true
	case "90002", "900023", "50020", "90019", "900382":
		return entraFault{"signin.tenant", "there is no such tenant in this cloud", "check the tenant's id and the cloud: public, gcc, gcchigh, dod or china"}, true
	case "500011", "650052", "650057", "500014":
		return entraFault{"signin.consent", "the tenant has not enabled the service, or the application did not ask for it", "add the API permissions of install/permissions.md to the app registration and grant admin consent"}, true
	case "65001", "65004", "90094", "90093", "65005", "70011", "1003031":
		return entraFault{"signin.consent", "nobody has consented to the permissions", "an administrator grants admin consent under App registrations > API permissions; install/permissions.md lists them"}, true
	case "53003", "53000", "53001", "53002", "530032", "530033", "530034", "50105":
		return entraFault{"signin.policy", "a Conditional Access policy or an assignment blocks it", "look the correlation id up in Entra's sign-in logs, and let the policy except this workload or this place"}, true
	case "50034", "50056", "50057", "50126", "50053", "50055", "50128", "50059":
		return entraFault{"signin.user", "the user's name, password or account is not accepted", "sign in with an account of this tenant that is enabled"}, true
	case "50076", "50079", "50072", "50074", "50158":
		return entraFault{"signin.user", "a second factor is needed", "sign in by browser or deviceCode, or use an application's certificate"}, true
	case "70043", "700082", "50173", "50078", "700084", "50133":
		return entraFault{"signin.user", "the sign-in has ended", "sign in again"}, true
	case "70018", "70019", "70020", "70016":
		return entraFault{"signin.user", "the code was not entered in time", "run the command again and enter the code within 15 minutes"}, true
	case "700211", "700212", "700213", "70021", "70025", "7002138", "50027", "700236", "7000272":
		return entraFault{"signin.application", "no federated credential of the application fits this workload's token", "compare issuer, subject and audience under App registrations > Certificates & secrets > Federated credentials"}, true
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
func newSignInError(o Options, err error, heard *lastResponse) error {
	e := &SignInError{Method: o.SignIn.Method}
	var failed *azidentity.AuthenticationFailedError
	status, posted, lost := heard.get()
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
		e.code, e.reason, e.hint = "signin.refused", "Entra refuses it", "look the code up at https://login.microsoftonline.com/error, and the correlation id in Entra's sign-in logs"
	case lost != nil:
		e.setUnreachable(lost)
	case m == ByAzureCLI:
		e.code, e.reason, e.hint = "signin.method", "the Azure CLI gives no token", "install az if it is not there, and run `az login --tenant "+o.Tenant+"`"
	case m == ByIdentity:
		e.code, e.reason, e.hint = "signin.method", "this machine has no managed identity that can be used", "turn it on for this resource in Azure; for a user-assigned one, set its client id"
	case m == ByDefault:
		e.code, e.reason, e.hint = "signin.method", "none of the default ways gives a token", "set the method in the settings: certificate, secret, identity, federatedIdentity, deviceCode, browser or azureCli"
	case m == ByFederatedIdentity && !posted:
		e.code, e.reason, e.hint = "signin.method", "the workload's token cannot be read", "check the token's file, and that it is renewed"
	case m == ByBrowser && status == 0:
		e.code, e.reason, e.hint = "signin.method", "no browser answered", "sign in by deviceCode, or run this where a browser opens"
	case status >= 500 || status == http.StatusTooManyRequests:
		e.code, e.reason, e.hint = "signin.unreachable", fmt.Sprintf("Entra answered %d", status), "try again in a few minutes"
	default:
		e.code, e.reason = "signin.unreachable", fmt.Sprintf("the answer of %s is none of Entra's", o.Cloud.Login)
		e.hint = "check the cloud and the login endpoint, and whether a proxy answers in Entra's place"
	}
	return e
}

// setUnreachable records that Entra did not answer.
func (e *SignInError) setUnreachable(err error) {
	var cert *tls.CertificateVerificationError
	e.code, e.err, e.reason = "signin.unreachable", err, "Entra cannot be reached: "+redact(err.Error())
	e.hint = "check the network, the proxy and the cloud that is set"
	switch {
	case errors.Is(err, context.Canceled):
		e.reason = "it was stopped"
	case errors.As(err, &cert):
		e.hint = "if a proxy of yours opens connections, set its certificate among those that are trusted"
	}
}

// readResponse reads the code and the correlation id of Entra's refusal, and
// nothing else.
func (e *SignInError) readResponse(resp *http.Response) {
	if resp.Body == nil {
		return
	}
	raw, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	var said struct {
		Error         string   `json:"error"`
		Description   string   `json:"error_description"`
		Codes         []uint64 `json:"error_codes"`
		CorrelationID string   `json:"correlation_id"`
	}
	if json.Unmarshal(raw, &said) != nil {
		return
	}
	if len(said.Codes) > 0 {
		e.AADSTS = fmt.Sprint(said.Codes[0])
	} else if m := aadstsPattern.FindStringSubmatch(said.Description); m != nil {
		e.AADSTS = m[1]
	}
	if uuidPattern.MatchString(said.CorrelationID) {
		e.CorrelationID = strings.ToLower(said.CorrelationID)
	}
}
