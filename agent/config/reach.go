package config

import (
	"cmp"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Endpoints take the place of a cloud's own: https addresses without a slash at
// their end. An empty one is the cloud's. Where a service's address is set and
// its audience is not, the audience stays the cloud's: a gateway passes tokens on.
type Endpoints struct {
	Login, Graph, PowerBI, Fabric                  string
	GraphAudience, PowerBIAudience, FabricAudience string // whom tokens are for; may have a path
	Portal                                         string // also trusted with recorded requests
}

// SignIn says how orgstore signs in to the tenant. It never holds a secret, but
// says where one is. The zero SignIn takes what the machine offers.
type SignIn struct {
	Type         string // one of SignInTypes, or empty
	Client       string // the application (client) id, lower case
	Certificate  string // a file, PEM or PFX
	PasswordFile string // of the certificate; at most one of the two
	PasswordEnv  string
	SecretFile   string // exactly one of the two with the type secret
	SecretEnv    string
	SecretEnds   time.Time // when the secret ends; zero where nobody said
	TokenFile    string    // of the federated identity
}

// Network says how Microsoft's services are reached.
type Network struct {
	Proxy string // its address, without a user; empty: the environment's
	CA    string // a file of certificates trusted beside the system's
}

// A SharePoint is a document library. The zero SharePoint is none.
type SharePoint struct {
	Site    string // https address of the site
	Library string // name of the document library
	Folder  string // within it, with /; empty for all of it
	Drive   string // Graph's id of the library; empty where it is found by its name
}

// Named says whether the settings name a document library.
func (s SharePoint) Named() bool { return s.Site != "" }

// Place is what people call the library: its folder, or its address.
func (l Library) Place() string {
	if !l.SharePoint.Named() {
		return l.Folder
	}
	parts := []string{l.SharePoint.Site, l.SharePoint.Library}
	if l.SharePoint.Folder != "" {
		parts = append(parts, l.SharePoint.Folder)
	}
	return strings.Join(parts, "/")
}

// Tenanted says whether the settings speak of the tenant's own services: a
// library there, or a way to sign in.
func (s Settings) Tenanted() bool { return s.Library.SharePoint.Named() || s.SignIn.Type != "" }

// Clouds are the names of Microsoft's clouds.
func Clouds() []string { return []string{"public", "gcc", "gcchigh", "dod", "china"} }

// The ways to sign in, as other tools for this tenant spell them.
const (
	ByIdentity          = "identity"
	ByFederatedIdentity = "federatedIdentity"
	ByCertificate       = "certificate"
	BySecret            = "secret"
	ByDeviceCode        = "deviceCode"
	ByBrowser           = "browser"
	ByAzureCLI          = "azureCli"
	ByDefault           = "default"
)

// App is the application that is signed in as, by its client id where that is known;
// empty where a person signs in, or that depends.
func (s SignIn) App() string {
	switch s.Type {
	case ByIdentity, ByFederatedIdentity, ByCertificate, BySecret:
		return cmp.Or(s.Client, s.Type)
	}
	return ""
}

// SignInTypes are the ways to sign in.
func SignInTypes() []string {
	return []string{ByIdentity, ByFederatedIdentity, ByCertificate, BySecret, ByDeviceCode, ByBrowser, ByAzureCLI, ByDefault}
}

// variableForm is the name of an environment variable.
var variableForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)

// misplaced refuses a key under which people write a secret down, and keeps its
// value out of the message.
func (r *reader) misplaced(key, value *yaml.Node, in reflect.Type) bool {
	switch in {
	case reflect.TypeFor[teamsSection](), reflect.TypeFor[webhookSection]():
		return r.misplacedHook(key, value)
	case reflect.TypeFor[signInSection]():
	default:
		return false
	}
	if !slices.Contains([]string{"secret", "password", "client_secret", "token"}, key.Value) {
		return false
	}
	r.hide(key.Line, key.Column+len(key.Value)+1)
	r.hide(value.Line, value.Column)
	hint := "put it into a file that only orgstore's user may read and name that: secret_file: PATH; or name an environment variable: secret_env: NAME"
	switch key.Value {
	case "password":
		hint = strings.ReplaceAll(hint, "secret_", "password_")
	case "token":
		hint = "name the file in which the platform keeps it: token_file: PATH"
	}
	r.addAt(key, "a "+strings.TrimPrefix(key.Value, "client_")+" does not belong in the settings file; change it, since whoever could read the file has it", hint)
	return true
}

// day reads a day, which begins at midnight UTC.
func (r *reader) day(t text) time.Time {
	if !t.given() {
		return time.Time{}
	}
	at, err := time.Parse(time.DateOnly, t.value)
	if err != nil {
		r.addAt(t.node, quote(t.value)+" is not a day", "write it as 2027-03-01")
	}
	return at
}

// library reads where packages arrive: exactly one place.
func (r *reader) library(s librarySection) Library {
	l := Library{Folder: r.path(text(s.Folder))}
	at := r.sections[reflect.TypeFor[librarySection]()]
	remote := r.sections[reflect.TypeFor[sharePointSection]()]
	switch {
	case at == nil: // told already
	case s.Folder.node == nil && remote == nil:
		r.addAt(at, `the library has neither "folder" nor "sharepoint"`, `say where packages arrive: folder: inbox`)
	case s.Folder.node != nil && remote != nil:
		r.addAt(at, `the library has both "folder" and "sharepoint"`, "keep the one in which packages arrive")
	}
	l.SharePoint = SharePoint{r.site(text(s.SharePoint.Site)), r.label(text(s.SharePoint.Library)), r.within(text(s.SharePoint.Folder)), r.drive(text(s.SharePoint.Drive))}
	return l
}

// driveForm is how Graph writes the id of a document library.
var driveForm = regexp.MustCompile(`^[A-Za-z0-9!_-]{1,200}$`)

func (r *reader) drive(t text) string {
	if t.given() && !driveForm.MatchString(t.value) {
		r.addAt(t.node, quote(t.value)+" is not the id of a document library", "orgstore doctor shows it, where the application may reach the whole site")
	}
	return t.value
}

// within checks a folder inside a document library.
func (r *reader) within(t text) string {
	r.label(t)
	bad := func(part string) bool { return part == "" || part == "." || part == ".." }
	if t.given() && (strings.Contains(t.value, `\`) || slices.ContainsFunc(strings.Split(t.value, "/"), bad)) {
		r.addAt(t.node, quote(t.value)+" is not a folder inside the library", "write it from the library's top, with / between names and none at its ends: Packages/Visuals")
	}
	return t.value
}

func (r *reader) cloud(t text) string {
	if r.oneOf(t, Clouds()...) == "public" {
		return ""
	}
	return t.value
}

func (r *reader) endpoints(s endpointsSection) Endpoints {
	base := func(t text) string { return r.address(t, "a service's address", "https", false) }
	token := func(t text) string { return r.address(t, "an audience", "https", true) }
	return Endpoints{
		Login: base(text(s.Login)), Graph: base(text(s.Graph)), PowerBI: base(text(s.PowerBI)), Fabric: base(text(s.Fabric)),
		GraphAudience: token(text(s.GraphAudience)), PowerBIAudience: token(text(s.PowerBIAudience)), FabricAudience: token(text(s.FabricAudience)),
		Portal: base(text(s.Portal)),
	}
}

func (r *reader) site(t text) string { return r.address(t, "a site's address", "https", true) }

// proxy checks a proxy's address. One with a password is refused as a secret.
func (r *reader) proxy(t text) string { return r.address(t, "a proxy's address", "http https", false) }

// address checks an absolute URL with a host and nothing that does not belong
// there. What holds a user may hold a password: it is not repeated.
func (r *reader) address(t text, what, schemes string, path bool) string {
	if !t.given() {
		return ""
	}
	u, err := url.Parse(t.value)
	switch {
	case strings.Contains(t.value, "@"):
		r.hide(t.node.Line, t.node.Column)
		r.addAt(t.node, "a user or password does not belong in "+what, "leave it out; a proxy that asks for one is better named in HTTPS_PROXY, in the environment of the service alone")
	case err != nil || u.Host == "" || u.Hostname() == "" || !slices.Contains(strings.Fields(schemes), u.Scheme):
		r.addAt(t.node, quote(t.value)+" is not "+what, "it begins with "+strings.ReplaceAll(schemes, " ", ":// or ")+":// and has a host")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(t.value, "#"):
		r.addAt(t.node, quote(t.value)+" is not "+what+": it has a query or a fragment", "end it before ? or #")
	case u.Path != "" && !path:
		r.addAt(t.node, quote(t.value)+" is not "+what+": it has a path", "leave out what follows the host")
	case strings.HasSuffix(u.Path, "/"):
		r.addAt(t.node, quote(t.value)+" ends with a slash", "leave it out")
	}
	return t.value
}

// A member is one key of sign_in, as it was written.
type member struct {
	key string
	t   text
}

func (r *reader) signIn(s signInSection) SignIn {
	in := SignIn{
		Type:         r.oneOf(text(s.Type), SignInTypes()...),
		Client:       r.client(text(s.Client)),
		Certificate:  r.path(text(s.Certificate)),
		PasswordFile: r.path(text(s.PasswordFile)), PasswordEnv: r.variable(text(s.PasswordEnv)),
		SecretFile: r.path(text(s.SecretFile)), SecretEnv: r.variable(text(s.SecretEnv)),
		SecretEnds: r.day(text(s.SecretEnds)),
		TokenFile:  r.path(text(s.TokenFile)),
	}
	if slices.Contains(SignInTypes(), in.Type) {
		r.members(in.Type, []member{
			{"client", text(s.Client)}, {"certificate", text(s.Certificate)},
			{"password_file", text(s.PasswordFile)}, {"password_env", text(s.PasswordEnv)},
			{"secret_file", text(s.SecretFile)}, {"secret_env", text(s.SecretEnv)},
			{"secret_ends", text(s.SecretEnds)}, {"token_file", text(s.TokenFile)},
		})
	}
	return in
}

// members checks that a way to sign in has what it needs and nothing else: one
// that is never read would make people believe that it counts.
func (r *reader) members(way string, all []member) {
	needs, takes := membersOf(way)
	given := map[string]bool{}
	for _, m := range all {
		given[m.key] = m.t.given()
		if m.t.given() && !slices.Contains(slices.Concat(needs, takes), m.key) {
			r.addAt(m.t.node, quote(m.key)+" means nothing with the type "+way, "remove it, or correct the type")
		}
	}
	at := r.sections[reflect.TypeFor[signInSection]()]
	for _, key := range needs {
		if !given[key] {
			r.addAt(at, "sign_in of the type "+way+" lacks the key "+quote(key), "")
		}
	}
	for _, pair := range [][2]string{{"secret_file", "secret_env"}, {"password_file", "password_env"}} {
		if given[pair[0]] && given[pair[1]] {
			r.addAt(at, "sign_in has both "+quote(pair[0])+" and "+quote(pair[1]), "keep one of them")
		}
	}
	if way == BySecret && !given["secret_file"] && !given["secret_env"] {
		r.addAt(at, `sign_in of the type secret lacks the key "secret_file" or "secret_env"`, "the secret itself is not written into this file")
	}
}

// membersOf says what a way to sign in needs, and what it takes besides.
func membersOf(way string) (needs, takes []string) {
	switch way {
	case ByIdentity:
		return nil, []string{"client"}
	case ByFederatedIdentity:
		return []string{"client", "token_file"}, nil
	case ByCertificate:
		return []string{"client", "certificate"}, []string{"password_file", "password_env"}
	case BySecret:
		return []string{"client"}, []string{"secret_file", "secret_env", "secret_ends"}
	case ByDeviceCode, ByBrowser:
		return []string{"client"}, nil
	}
	return nil, nil
}

func (r *reader) client(t text) string {
	if t.given() && !tenantForm.MatchString(t.value) {
		r.hide(t.node.Line, t.node.Column) // a secret, in the wrong line
		r.addAt(t.node, "this is not a client id", "the app registration shows it as Application (client) ID; it has the form of the tenant's")
	}
	return strings.ToLower(t.value)
}

// variable checks the name of an environment variable. What is none may be the
// secret itself, and is not repeated.
func (r *reader) variable(t text) string {
	if t.given() && !variableForm.MatchString(t.value) {
		r.hide(t.node.Line, t.node.Column)
		r.addAt(t.node, "this is not the name of an environment variable", "write the variable's name, as ORGSTORE_SECRET, never what it holds")
	}
	return t.value
}
