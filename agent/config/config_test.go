package config

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

const head = `version: 1
tenant: 8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11
library: {folder: inbox}
store: {driver: folder, path: store}
`

const fullFile = `version: 1
tenant: 8F6C0A52-3A0E-4F0D-9B8E-0D6D2F0F6A11
data: state
library: {folder: inbox}
store: {driver: folder, path: store}
trust:
  least: signed
  vendors:
    - name: Aurora Visuals
      bundle: trust/aurora.trust
      fingerprint: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
      guids: [auroraGauge, auroraBullet]
      enforced: statement
packages: {tolerant: true}
visuals:
  - guid: auroraGauge
    pin: "~> 1.4"
    name: Aurora Gauge
  - guid: auroraBullet
    pin: 1.10
`

const channels = `notify:
  - name: admins
    mail: {from: orgstore@contoso.com, to: [ada@contoso.com, bob@contoso.com]}
    events: [license, task, change.failed]
    digest: {at: "08:00", timezone: Europe/Rome}
  - {name: team, teams: {url_env: TEAMS_URL}}
  - {name: tickets, webhook: {url_file: hook.url, secret_file: hook.secret}, events: }
`

// told is a file with one channel.
func told(is string) string { return head + "notify: [{name: x, " + is + "}]\n" }

const someClient = "11111111-2222-3333-4444-555555555555"

const tenanted = `version: 1
tenant: 8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11
cloud: public
library: {sharepoint: {site: https://contoso.sharepoint.com/sites/bi, library: Visuals}}
store: {driver: folder, path: store}
sign_in: {type: secret, client: 11111111-2222-3333-4444-555555555555, secret_file: secret.txt}
network: {proxy: "http://proxy.contoso.com:8080", ca: ca.pem}
`

// Public halves of keys of nobody; ada2 is ada under another name.
var (
	ada   = publicKeyText("ada-2026", 1)
	ada2  = publicKeyText("ada-2027", 1)
	grace = publicKeyText("grace-2026", 2)
)

func publicKeyText(name string, seed byte) string {
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	k, err := license.NewKey(name, private.Public(), time.Time{})
	if err != nil {
		panic(err)
	}
	return k.Text()
}

func attesters(namesAndKeys ...string) string {
	text := "trust:\n  attesters:\n"
	for i := 0; i+1 < len(namesAndKeys); i += 2 {
		text += fmt.Sprintf("    - {name: %s, key: %q}\n", namesAndKeys[i], namesAndKeys[i+1])
	}
	return text
}

// recordedStore is a file whose store has the driver recorded.
func recordedStore(rest string) string {
	return strings.Replace(head, "{driver: folder, path: store}", "{driver: recorded, "+rest+"}", 1)
}

// handoff is a file whose store has the driver handoff.
func handoff(path string) string {
	return strings.Replace(head, "{driver: folder, path: store}", "{driver: handoff, path: "+path+"}", 1)
}

// scheduled is a file with windows and freezes of every form.
const scheduled = head + `windows:
  weekend: {cron: "0 2 * * SAT", duration: 4h, timezone: Europe/Rome}
  cutover: {from: 2026-12-05T20:00, until: "2026-12-06 02:00", timezone: America/New_York}
freezes:
  closing: {cron: "0 0 28 * *", duration: 5d, timezone: UTC, except: [renew, enable]}
  holidays: {from: "2026-12-24", until: "2027-01-02", timezone: Europe/Rome}
visuals:
  - {guid: a, pin: "1", renew: in-window, upgrade: {window: weekend, soak: 7d}}
  - {guid: b, pin: "1", renew: manual, upgrade: {soak: 12h}}
  - {guid: c, pin: "1"}
`

// accepted are files without faults; the schema must accept them too.
var accepted = map[string]string{
	"the least":                      head,
	"approvals":                      approving,
	"rules":                          ruled,
	"approvals commented out":        head + "approvals:\n#  upgrade: 1\n",
	"everything":                     fullFile,
	"the template":                   string(Template("")),
	"the template for a tenant":      string(Template("8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11")),
	"the template for a library":     string(TemplateIn("", SharePoint{Site: "https://contoso.sharepoint.com", Library: "a: #b"}, SignIn{Type: BySecret, Client: "1b4e28ba-2fa1-41d2-883f-0016d3cca427", SecretFile: "s"})),
	"lists whose items are comments": head + "visuals:\n#  - guid: a\ntrust:\n  vendors:\n  #  - name: x\n",
	"sections that are comments":     head + "trust:\n#  least: signed\npackages:\n",
	"an unquoted version":            head + "visuals: [{guid: auroraGauge, pin: 1.10}]\n",
	"four parts":                     head + "visuals: [{guid: auroraGauge, pin: 1.4.0.0}]\n",
	"attesters":                      head + attesters("Ada Lovelace", ada, "Grace Hopper", grace),
	"a person with two keys":         head + attesters("Ada Lovelace", ada, "Ada Lovelace", publicKeyText("ada-2027", 3)),
	"attesters that are comments":    head + "trust:\n  attesters:\n  #  - name: x\n",
	"a longest term":                 head + "trust: {longest_term: 1100d}\n",
	"a grade of a visual's own":      head + "visuals: [{guid: a, pin: '1', least: signed}]\n",
	"handoff":                        handoff("To upload"),
	"recorded, not accepted yet":     recordedStore("recipe: portal.yaml"),
	"recorded":                       recordedStore("recipe: portal.yaml, digest: 'sha256:" + strings.Repeat("0a", 32) + "', unofficial: accepted"),
	"handoff with its times":         handoff("To upload, remind: 12h, escalate: 2d"),
	"a document library":             tenanted,
	"a folder of a library":          strings.Replace(tenanted, "library: Visuals", "library: Shared Documents, folder: Packages/Visuals", 1),
	"a library by its id":            strings.Replace(tenanted, "library: Visuals", "library: Visuals, drive: b!3Ec8NC0At8y-jq", 1),
	"another cloud":                  head + "cloud: gcchigh\n",
	"endpoints of one's own":         head + "endpoints:\n  login: https://127.0.0.1:8443\n  powerbi_audience: https://analysis.windows.net/powerbi/api\n",
	"endpoints that are comments":    head + "endpoints:\n#  login: x\nnetwork:\n#  ca: x\n",
	"a managed identity":             head + "sign_in: {type: identity}\n",
	"a user-assigned identity":       head + "sign_in: {type: identity, client: " + someClient + "}\n",
	"a federated identity":           head + "sign_in: {type: federatedIdentity, client: " + someClient + ", token_file: /var/run/token}\n",
	"a certificate with a password":  head + "sign_in: {type: certificate, client: " + someClient + ", certificate: c.pfx, password_env: ORGSTORE_PASSWORD}\n",
	"a person with a device code":    head + "sign_in: {type: deviceCode, client: " + someClient + "}\n",
	"what the machine offers":        head + "sign_in: {type: default}\n",
	"a secret whose end is known":    head + "sign_in: {type: secret, client: " + someClient + ", secret_env: S, secret_ends: '2027-03-01'}\n",
	"channels of notices":            head + channels,
	"channels that are comments":     head + "notify:\n#  - name: x\n",
	"a schedule":                     scheduled,
	"several stores":                 ringed,
	"one of several":                 strings.NewReplacer("rings: [pilot, store]", "rings: [store]", ", promote: 3d", "").Replace(ringed),
	"a pilot in another tenant":      strings.Replace(ringed, "{driver: folder, path: pilot}", "{driver: handoff, path: pilot, tenant: "+otherTenant+"}", 1),
	"rings that are comments":        head + "stores:\n#  x: {}\nrings:\n#  - x\n",
	"a schedule that is comments":    head + "windows:\n#  weekend: {}\nfreezes:\nvisuals: [{guid: a, pin: '1', upgrade: }]\n",
	"JSON":                           `{"version": 1, "tenant": "8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11", "library": {"folder": "in"}, "store": {"driver": "folder", "path": "s"}}`,
}

func TestAccepted(t *testing.T) {
	for name, text := range accepted {
		if _, err := Parse("orgstore.yaml", []byte(text)); err != nil {
			t.Errorf("%s:\n%v", name, err)
		}
	}
}

func TestEverythingIsRead(t *testing.T) {
	s, err := Parse(filepath.Join("etc", "orgstore.yaml"), []byte(fullFile))
	if err != nil {
		t.Fatal(err)
	}
	v := s.Trust.Vendors[0]
	for _, c := range []struct{ what, got, want string }{
		{"tenant", s.Tenant, "8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11"},
		{"data", s.Data, filepath.Join("etc", "state")},
		{"library", s.Library.Folder, filepath.Join("etc", "inbox")},
		{"store", s.Stores[0].Path, filepath.Join("etc", "store")},
		{"driver", s.Stores[0].Driver, "folder"},
		{"least", string(s.Trust.Least), "signed"},
		{"vendor", v.Name, "Aurora Visuals"},
		{"bundle", v.Bundle, filepath.Join("etc", "trust", "aurora.trust")},
		{"guids", fmt.Sprint(v.GUIDs), "[auroraGauge auroraBullet]"},
		{"enforced", string(v.Enforced), "statement"},
		{"tolerant", fmt.Sprint(s.Packages.Tolerant), "true"},
		{"first pin", s.Visuals[0].Pin.String(), "~> 1.4"},
		{"first name", s.Visuals[0].Name, "Aurora Gauge"},
		{"second pin", s.Visuals[1].Pin.String(), "1.10"},
	} {
		if c.got != c.want {
			t.Errorf("%s is %q, want %q", c.what, c.got, c.want)
		}
	}
}

func TestTheTenantIsRead(t *testing.T) {
	s, err := Parse(filepath.Join("etc", "orgstore.yaml"), []byte(tenanted))
	if err != nil {
		t.Fatal(err)
	}
	want := Settings{
		Library: Library{SharePoint: SharePoint{Site: "https://contoso.sharepoint.com/sites/bi", Library: "Visuals"}},
		SignIn:  SignIn{Type: BySecret, Client: someClient, SecretFile: filepath.Join("etc", "secret.txt")},
		Network: Network{Proxy: "http://proxy.contoso.com:8080", CA: filepath.Join("etc", "ca.pem")},
	}
	if s.Library != want.Library || s.SignIn != want.SignIn || s.Network != want.Network || s.Cloud != "" || !s.Tenanted() {
		t.Errorf("got %+v", s)
	}
	if got := s.Library.Place(); got != "https://contoso.sharepoint.com/sites/bi/Visuals" {
		t.Errorf("the library is shown as %s", got)
	}
}

func TestDefaults(t *testing.T) {
	s, err := Parse("orgstore.yaml", []byte(head+`trust: {vendors: [{name: A, bundle: b, fingerprint: "sha256:`+strings.Repeat("0", 64)+`", guids: [a]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if s.Data != ".orgstore" || s.Trust.Least != license.Attested || s.Trust.LongestTerm != 400*24*time.Hour || s.Packages.Tolerant || s.Trust.Vendors[0].Enforced != license.ByPackage {
		t.Errorf("got %+v", s)
	}
}

func TestAbsolutePathsStay(t *testing.T) {
	abs, err := filepath.Abs("somewhere")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(head, "folder: inbox", "folder: '"+abs+"'", 1)
	s, err := Parse(filepath.Join("etc", "orgstore.yaml"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if s.Library.Folder != abs {
		t.Errorf("library is %q, want %q", s.Library.Folder, abs)
	}
}

func TestNumbersStayAsWritten(t *testing.T) {
	for _, c := range []struct{ pin, want string }{
		{"1.10", "1.10"}, {"1.4", "1.4"}, {"1.0", "1.0"}, {"3", "3"}, {"1.4.0.0", "1.4.0.0"},
		{"010", ""}, {"0x10", ""}, {"1e3", ""}, {"1_0", ""}, {".5", ""}, {"-1", ""}, {".inf", ""}, {"1.", ""}, {"true", ""},
	} {
		s, err := Parse("orgstore.yaml", []byte(head+"visuals:\n  - guid: a\n    pin: "+c.pin+"\n"))
		switch {
		case c.want == "" && err == nil:
			t.Errorf("pin: %s is read as %q", c.pin, s.Visuals[0].Pin)
		case c.want != "" && err != nil:
			t.Errorf("pin: %s: %v", c.pin, err)
		case c.want != "" && s.Visuals[0].Pin.String() != c.want:
			t.Errorf("pin: %s is read as %q", c.pin, s.Visuals[0].Pin)
		}
	}
}

// refused are files with faults, each fault as line:column and a word of its
// message; those that no schema can notice are marked.
var refused = []struct {
	name, text  string
	faults      []string
	schemaBlind bool
}{
	{"nothing", "# nothing\n", []string{"0:0 says nothing"}, false},
	{"an empty file", "", []string{"0:0 says nothing"}, false},
	{"a list", "- version: 1\n", []string{"1:1 this is a list"}, false},
	{"unknown keys, all at once", head + "visauls: []\nvisuals:\n  - guid: a\n    pn: \"1\"\n    pin: \"1\"\n",
		[]string{`5:1 unknown key "visauls"`, `8:5 unknown key "pn"`}, false},
	{"a pin that no version satisfies", head + "visuals:\n  - guid: a\n    pin: \"~> 1.4, >= 2\"\n", []string{`7:10 no version satisfies the pin "~> 1.4, >= 2"`}, true},
	{"a key of a later release", head + "console: {}\n", []string{`5:1 unknown key "console"`}, false},
	{"rules that cannot be read", head + "rules:\n  - {name: a, require: \"to.digest == 'x'\"}\n  - {name: b, when: change.kind, require: to.size}\n  - name: c\n    require: |\n      true &&\n      license.days_left > '30'\n",
		[]string{"6:27 undefined field 'digest'", "7:21 answers with string", "7:43 answers with int", "11:25 no matching overload"}, true},
	{"rules that come with orgstore, written wrongly", head + "rules:\n  - {use: no-new-web}\n  - {use: api-version}\n  - {use: nothing-breaking, at_most: \"5\"}\n  - {use: api-version, at_most: \"5.x\"}\n  - {use: nothing-breaking, require: \"true\"}\n",
		[]string{`6:11 "no-new-web" is not known`, "7:11 needs a limit", "8:38 has no limit", "9:11 given twice; first at line 7", `9:33 "5.x" is no version`, "10:11 given twice", "10:38 is not written anew"}, false},
	{"rules that say too little", head + "rules:\n  - {require: \"true\"}\n  - {name: a}\n  - {name: a, require: \"true\", otherwise: warn}\n",
		[]string{"6:15 has no name", "7:12 requires nothing", "8:12 given twice", `8:43 "warn" is not known`}, true},
	{"examples that give what nobody knows", head + "rules: [{use: nothing-breaking}]\nrule_examples:\n  - {name: a, given: {change: {kind: upgrade}, to: {digest: x}}, expect: deny}\n  - {name: b, given: {diff: {findings: {}}}, expect: maybe}\n  - {name: c, given: {to: {size: big}, now: noon}, expect: allow, rule: nothing}\n  - {name: d, given: {}, expect: allow}\n",
		[]string{`7:53 "digest" is not known`, `8:40 "findings" is a list`, `8:54 "maybe"`, `9:34 "size" is a whole number`, `9:45 "noon" is no moment`, `9:73 "nothing" is not known`, "10:22 which change it is of"}, false},
	{"approvals nobody can count", head + "approvals: {upgrade: 10, install: -1, renewal: two, rollback: 01}\n",
		[]string{`5:22 "10" is not a number of approvals`, `5:35 "-1"`, `5:48 "two"`, `5:63 "01"`}, false},
	{"more approvals than people", head + "approvals: {groups: {owners: [ada, bob]}, from: [owners, ada], upgrade: 3}\n", []string{"5:73 3 approvals can never be given: only 2"}, true},
	{"approvers who are nobody", head + "approvals: {groups: {owners: []}, from: []}\nvisuals:\n  - {guid: a, pin: \"1\", approvers: []}\n",
		[]string{`5:12 nobody is in the group "owners"`, "5:12 from lists nobody", "7:12 approvers lists nobody"}, true},
	{"keys missing", "version: 1\nstore: {driver: folder}\nvisuals:\n  - name: x\n",
		[]string{`1:1 lacks the key "tenant"`, `1:1 lacks the key "library"`, `2:8 lacks the key "path"`, `4:5 lacks the key "guid"`, `4:5 lacks the key "pin"`}, false},
	{"a key given twice", head + "version: 1\n", []string{`5:1 "version" is given twice; first at line 1`}, false},
	{"what a value means and how it is written, together", head + "trust: {least: sgned}\nvisuals:\n  - {guid: a-b, pin: \"one\", name: [x]}\nnope: 1\n",
		[]string{`5:16 "sgned" is not known`, `7:12 is not a visual's GUID`, `7:22 one`, `7:35 "name" is one value`, `8:1 unknown key "nope"`}, false},
	{"an unknown driver", strings.Replace(head, "driver: folder", "driver: ftp", 1), []string{`4:17 "ftp" is not known`}, false},
	{"a grade that is never automatic", head + "trust: {least: opaque}\n", []string{`5:16 "opaque"`}, false},
	{"a longest term that is no time", head + "trust: {longest_term: a year}\n", []string{`5:23 not a time`}, false},
	{"a longest term of hours", head + "trust: {longest_term: 23h}\n", []string{`5:23 at least a day`}, true},
	{"a domain for a tenant", strings.Replace(head, "8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11", "contoso.onmicrosoft.com", 1), []string{"2:9 is not a tenant id"}, false},
	{"a version from the future", strings.Replace(head, "version: 1", "version: 2", 1), []string{`1:10 version "2"`}, false},
	{"a visual given twice", head + "visuals:\n  - {guid: a, pin: \"1\"}\n  - {guid: a, pin: \"2\"}\n", []string{"7:12 given twice; first at line 6"}, true},
	{"two vendors for one visual", head + "trust:\n  vendors:\n" + vendor("A", "a") + vendor("B", "a"), []string{`8: is given to the vendor "A" already`}, true},
	{"a vendor given twice", head + "trust:\n  vendors:\n" + vendor("A", "a") + vendor("A", "b"), []string{"8:14 given twice"}, true},
	{"a short fingerprint", head + "trust: {vendors: [{name: A, bundle: b, fingerprint: \"sha256:12\", guids: [a]}]}\n", []string{"5:53 is not a fingerprint"}, false},
	{"an attester without a key", head + "trust: {attesters: [{name: Ada}]}\n", []string{`5:21 lacks the key "key"`}, false},
	{"a key that is none", head + attesters("Ada", "ssh-ed25519 AAAA"), []string{"7:24 not the public half"}, false},
	{"a key of another algorithm", head + attesters("Ada", strings.Replace(ada, "Ed25519", "RS256", 1)), []string{"7:24 not the public half"}, false},
	{"a key that was cut", head + attesters("Ada", ada[:len(ada)-2]), []string{"7:24 not the public half"}, true},
	{"a key that proves nothing", head + attesters("Ada", "a:Ed25519:"+strings.Repeat("A", 43)), []string{"7:24 low order"}, true},
	{"a key of two people", head + attesters("Ada", ada, "Grace", ada2), []string{"8:26 this key is given twice; first at line 7"}, true},
	{"an attester given twice", head + attesters("Ada", ada, "Ada", ada), []string{"8:24 this key is given twice"}, true},
	{"two keys of one name", head + attesters("Ada", ada, "Grace", publicKeyText("ada-2026", 2)), []string{`8:26 a key called "ada-2026" is given twice; first at line 7`}, true},
	{"an attester without a name", head + attesters("''", ada), []string{`7:14 "name" is empty`}, false},
	{"a visual that admits anything", head + "visuals: [{guid: a, pin: '1', least: opaque}]\n", []string{`5:38 "opaque" is not known`}, false},
	{"a name of reports", head + "visuals: [{guid: a_OrgStore, pin: \"1\"}]\n", []string{"5:18 how a report names a visual"}, true},
	{"an empty value", head + "data:\n", []string{`5:6 "data" is empty`}, false},
	{"a null pin", head + "visuals: [{guid: a, pin: ~}]\n", []string{`5:26 "pin" is empty`}, false},
	{"an item without content", head + "visuals:\n  -\n", []string{`6:4 an item of "visuals" is empty`}, false},
	{"an anchor", head + "visuals:\n  - guid: &a a\n    pin: \"1\"\n  - guid: b\n    pin: *a\n", []string{"6:11 anchors", "9:10 anchors"}, true},
	{"a merge key", head + "<<: {data: x}\n", []string{"5:1 merge keys"}, true},
	{"a tag", head + "data: !!str x\n", []string{"5:7 tags"}, true},
	{"two documents", head + "---\nversion: 1\n", []string{"5:1 second document"}, false},
	{"one folder for two things", strings.Replace(head, "path: store", "path: ./Inbox/", 1), []string{`4:31 not apart`}, true},
	{"a store inside the library", strings.Replace(head, "path: store", "path: inbox/store", 1), []string{`4:31 not apart`}, true},
	{"tasks inside the library", handoff("inbox/To upload"), []string{`4:32 not apart`}, true},
	{"a reminder that is no time", handoff("t, remind: two days"), []string{`4:43 not a time`}, false},
	{"a reminder in half days", handoff("t, remind: 1.5d"), []string{`4:43 not a time`}, false},
	{"an escalation before the reminder", handoff("t, remind: 3d, escalate: 2d"), []string{`4:57 longer than remind`}, true},
	{"a reminder after the escalation's default", handoff("t, remind: 9d"), []string{`4:43 longer than remind`}, true},
	{"a reminder where nothing waits", strings.Replace(head, "path: store", "path: store, remind: 2d", 1), []string{`4:46 has none`}, true},
	{"recorded without a recipe", strings.Replace(head, "{driver: folder, path: store}", "{driver: recorded}", 1), []string{`4:8 lacks the key "recipe"`}, true},
	{"recorded with a folder", recordedStore("recipe: r, path: store"), []string{`4:44 has no folder`}, true},
	{"accepted, and nobody knows what", recordedStore("recipe: r, unofficial: accepted"), []string{`4:50 which recipe is accepted`}, true},
	{"accepted by another word", recordedStore("recipe: r, digest: 'sha256:" + strings.Repeat("0a", 32) + "', unofficial: 'yes'"), []string{`4:133 "yes" is not known`}, false},
	{"a digest that is none", recordedStore("recipe: r, digest: abc"), []string{`4:46 is not a fingerprint`}, false},
	{"a folder with a recipe", strings.Replace(head, "path: store", "path: store, recipe: r", 1), []string{`4:46 only the driver recorded`}, true},
	{"no store", strings.Replace(head, "store: {driver: folder, path: store}\n", "", 1), []string{`1:1 lacks the key "store"`}, false},
	{"store and stores", ringed + "store: {driver: folder, path: s}\n", []string{`12:17 there are store and stores`}, true},
	{"stores without an order", strings.Replace(ringed, "rings: [pilot, store]\n", "", 1), []string{`1:1 several stores need the key "rings"`}, true},
	{"a ring that is no store", strings.Replace(ringed, "[pilot, store]", "[pilto, store]", 1), []string{`7:9 "pilto" is not the name of a store`}, true},
	{"a ring of a visual that is no store", strings.Replace(ringed, "rings: [store]}", "rings: [x]}", 1), []string{`11:33 "x" is not the name of a store`}, true},
	{"a ring given twice", strings.Replace(ringed, "[pilot, store]", "[pilot, pilot]", 1), []string{`7:16 "pilot" is given twice`}, true},
	{"a name that nobody can type", strings.Replace(strings.Replace(ringed, "pilot:", "Pilot 1:", 1), "[pilot, store]", "[Pilot 1, store]", 1), []string{`5:12 "Pilot 1" is not a name for a store`}, true},
	{"two names for one Organizational Store", strings.Replace(ringed, "{driver: folder, path: pilot}", "{driver: handoff, path: pilot}", 1), []string{`6:19 a tenant has one Organizational Store, and here it is "pilot"`}, true},
	{"recorded in another tenant", strings.Replace(ringed, "{driver: folder, path: pilot}", "{driver: recorded, recipe: r, tenant: "+otherTenant+"}", 1), []string{`5:48 to no other`}, true},
	{"the one store in another tenant", handoff("t, tenant: " + otherTenant), []string{`4:43 the one store belongs to the tenant of this file`}, true},
	{"two stores in one folder", strings.Replace(ringed, "path: tasks", "path: pilot", 1), []string{`6:34 not apart`}, true},
	{"nowhere to go on to", strings.Replace(ringed, "rings: [store]}", "rings: [store], upgrade: {promote: 2d}}", 1), []string{`11:60 through one store`}, true},
	{"a window without a zone", head + "windows: {w: {cron: '0 2 * * *', duration: 4h}}\n", []string{`5:14 lacks the key "timezone"`}, false},
	{"a window without times", head + "windows: {w: {timezone: UTC}}\n", []string{`5:25 needs cron and duration, or from and until`}, true},
	{"a window of both forms", head + "windows: {w: {cron: '0 2 * * *', duration: 4h, from: 2026-12-05, timezone: UTC}}\n", []string{`5:21 needs cron and duration`}, true},
	{"half a window", head + "windows: {w: {cron: '0 2 * * *', timezone: UTC}}\n", []string{`5:21 only one of the two`}, true},
	{"a schedule of six fields", head + "windows: {w: {cron: '0 0 2 * * *', duration: 4h, timezone: UTC}}\n", []string{`5:21 five fields`}, false},
	{"the 30th of February", head + "freezes: {w: {cron: '0 0 30 2 *', duration: 4h, timezone: UTC}}\n", []string{`5:21 never comes`}, true},
	{"a zone by its abbreviation", head + "windows: {w: {cron: '0 2 * * *', duration: 4h, timezone: CEST}}\n", []string{`5:58 no time zone`}, true},
	{"the machine's zone", head + "windows: {w: {cron: '0 2 * * *', duration: 4h, timezone: Local}}\n", []string{`5:58 no time zone`}, true},
	{"a window that ends before it begins", head + "windows: {w: {from: 2026-12-06, until: 2026-12-05, timezone: UTC}}\n", []string{`5:21 ends before it begins`}, true},
	{"a window of two months", head + "windows: {w: {cron: '0 2 * * *', duration: 60d, timezone: UTC}}\n", []string{`5:21 31 days`}, true},
	{"a time of no form", head + "windows: {w: {from: tomorrow, until: 2026-12-05, timezone: UTC}}\n", []string{`5:21 is no time`}, false},
	{"a freeze but for something unknown", head + "freezes: {w: {cron: '0 2 * * *', duration: 4h, timezone: UTC, except: [renewals]}}\n", []string{`5:72 "renewals" is not known`}, false},
	{"a window that nobody named", head + "windows: {weekend: {cron: '0 2 * * *', duration: 4h, timezone: UTC}}\nvisuals: [{guid: a, pin: '1', upgrade: {window: weekends}}]\n", []string{`6:49 not the name of a window`}, true},
	{"renewals in no window", head + "visuals: [{guid: a, pin: '1', renew: in-window}]\n", []string{`5:38 need a window`}, true},
	{"a window given twice", head + "windows:\n  w: {cron: '0 2 * * *', duration: 4h, timezone: UTC}\n  w: {cron: '0 2 * * *', duration: 4h, timezone: UTC}\n", []string{`7:3 twice`}, false},
	{"windows in a list", head + "windows: [{cron: '0 2 * * *', duration: 4h, timezone: UTC}]\n", []string{`5:10 has names`}, false},
	{"a home", strings.Replace(head, "path: store", "path: ~/store", 1), []string{`4:31 only shells`}, true},
	{"a Windows path in double quotes", strings.Replace(head, "folder: inbox", `folder: "d:\tin"`, 1), []string{`3:19 is not a path`}, false},
	{"no place for packages", strings.Replace(head, "{folder: inbox}", "{}", 1), []string{`3:10 neither "folder" nor "sharepoint"`}, false},
	{"two places for packages", strings.Replace(tenanted, "library: {", "library: {folder: inbox, ", 1), []string{`4:10 both "folder" and "sharepoint"`}, false},
	{"a site without its library", strings.Replace(tenanted, ", library: Visuals", "", 1), []string{`4:23 lacks the key "library"`}, false},
	{"a site over http", strings.Replace(tenanted, "https://contoso", "http://contoso", 1), []string{`4:30 is not a site's address`}, false},
	{"a site with a query", strings.Replace(tenanted, "/sites/bi", "/sites/bi?web=1", 1), []string{`4:30 it has a query`}, false},
	{"a site with a slash", strings.Replace(tenanted, "/sites/bi", "/sites/bi/", 1), []string{`4:30 ends with a slash`}, false},
	{"a drive that is an address", strings.Replace(tenanted, "library: Visuals", "library: Visuals, drive: https://x", 1), []string{`4:96 is not the id of a document library`}, true},
	{"a folder outside the library", strings.Replace(tenanted, "library: Visuals", "library: Visuals, folder: ../x", 1), []string{`4:97 is not a folder inside`}, true},
	{"an unknown cloud", head + "cloud: germany\n", []string{`5:8 "germany" is not known`}, false},
	{"an endpoint with a path", head + "endpoints: {graph: https://graph.microsoft.com/v1.0}\n", []string{`5:20 it has a path`}, false},
	{"an endpoint over http", head + "endpoints: {graph: http://graph.microsoft.com}\n", []string{`5:20 is not a service's address`}, false},
	{"an unknown way to sign in", head + "sign_in: {type: ropc}\n", []string{`5:17 "ropc" is not known`}, false},
	{"no way to sign in", head + "sign_in: {client: " + someClient + "}\n", []string{`5:10 lacks the key "type"`}, false},
	{"a secret without a client", head + "sign_in: {type: secret, secret_file: s}\n", []string{`5:10 lacks the key "client"`}, true},
	{"a secret that is nowhere", head + "sign_in: {type: secret, client: " + someClient + "}\n", []string{`5:10 lacks the key "secret_file" or "secret_env"`}, true},
	{"a secret at two places", head + "sign_in: {type: secret, client: " + someClient + ", secret_file: s, secret_env: S}\n", []string{`5:10 has both "secret_file" and "secret_env"`}, true},
	{"what the type does not need", head + "sign_in: {type: azureCli, secret_file: s}\n", []string{`5:40 means nothing with the type azureCli`}, true},
	{"a secret in the file", head + "sign_in:\n  type: secret\n  client: " + someClient + "\n  secret: Hush~1.2\n", []string{`6:3 lacks the key "secret_file"`, `8:3 a secret does not belong`}, false},
	{"a password in the file", head + "sign_in: {type: certificate, client: " + someClient + ", certificate: c, password: Hush~1.2}\n", []string{`5:92 a password does not belong`}, false},
	{"a secret for a variable", head + "sign_in: {type: secret, secret_env: Hush~1.2}\n", []string{`5:10 lacks the key "client"`, `5:37 not the name of an environment variable`}, false},
	{"a secret for a client", head + "sign_in: {type: deviceCode, client: Hush~1.2}\n", []string{`5:37 not a client id`}, false},
	{"the end of what is no secret", head + "sign_in: {type: azureCli, secret_ends: 2027-03-01}\n", []string{`5:40 means nothing with the type azureCli`}, true},
	{"an end that is no day", head + "sign_in: {type: secret, client: " + someClient + ", secret_env: S, secret_ends: in March}\n", []string{`5:99 is not a day`}, false},
	{"a channel that tells nobody", told("events: [license]"), []string{`5:17 does not say how`}, false},
	{"a channel with two ways", told("teams: {url_env: T}, mail: {from: a@contoso.com, to: [b@contoso.com]}"), []string{`5:17 several ways`}, false},
	{"a channel given twice", head + "notify:\n  - {name: x, teams: {url_env: T}}\n  - {name: x, teams: {url_env: T}}\n", []string{`7:12 given twice`}, true},
	{"a mail to nobody", told("mail: {from: a@contoso.com, to: []}"), []string{`5:33 goes to nobody`}, true},
	{"a mail to a name", told("mail: {from: a@contoso.com, to: ['Ada <ada@contoso.com>']}"), []string{`5:53 is not a mail address`}, false},
	{"a mail from a path", told("mail: {from: a/b@contoso.com, to: [b@contoso.com]}"), []string{`5:33 is not a mail address`}, true},
	{"an unknown event", told("teams: {url_env: T}, events: [licence]"), []string{`5:50 "licence" is not known`}, false},
	{"an address in the file", told("teams: {url: 'https://hush.contoso.com/Hush~1.2'}"), []string{`5:17 does not say how`, `5:28 the address, which is a secret`}, false},
	{"a signing secret in the file", told("webhook: {url_env: W, secret: Hush~1.2}"), []string{`5:17 no secret to sign with`, `5:42 a secret does not belong`}, false},
	{"a webhook without a secret", told("webhook: {url_env: W}"), []string{`5:17 no secret to sign with`}, true},
	{"a webhook without an address", told("webhook: {secret_env: W}"), []string{`5:17 has no address`}, true},
	{"an address at two places", told("teams: {url_env: T, url_file: t}"), []string{`5:37 in two places`}, true},
	{"a digest at no time", told("teams: {url_env: T}, digest: {at: '8', timezone: UTC}"), []string{`5:54 not a time of the day`}, false},
	{"a digest without a zone", told("teams: {url_env: T}, digest: {at: '08:00'}"), []string{`5:49 lacks the key "timezone"`}, false},
	{"a check's time in seconds", head + "check: {command: [a], timeout: 90s}\n", []string{`5:32 not a time`}, false},
	{"a check that takes too long", head + "check: {command: [a], timeout: 2h}\n", []string{`5:32 one minute to one hour`}, true},
	{"a proxy with a password", head + "network: {proxy: 'http://ada:Hush~1.2@proxy:8080', nope: 1}\n", []string{`5:18 a user or password`, `5:52 unknown key "nope"`}, false},
	{"a proxy without a scheme", head + "network: {proxy: 'proxy:8080'}\n", []string{`5:18 is not a proxy's address`}, false},
	{"yes for true", head + "packages: {tolerant: yes}\n", []string{"5:22 neither true nor false"}, false},
	{"a list for a section", head + "trust: []\n", []string{`5:8 has keys and values`}, false},
	{"a section for a list", head + "visuals: {a: 1}\n", []string{`5:10 is a list`}, false},
	{"broken YAML", head + "visuals:\n  - guid: a\n   pin: b\n", []string{"7:4 not YAML"}, false},
	{"an unquoted constraint", head + "visuals:\n  - guid: a\n    pin: >= 1.4\n", []string{"7: not YAML"}, false},
	{"a tab", head + "trust:\n\tleast: signed\n", []string{"6:1 not YAML"}, false},
	{"bytes that are not UTF-8", head + "data: \xff\n", []string{"5:7 not UTF-8"}, false},
	{"UTF-16", "\xff\xfev\x00", []string{"0:0 UTF-16"}, false},
	{"a control character", head + "# \x1b[31m\n", []string{"5:3 U+001B"}, false},
	{"text that reads backwards", head + "# \u202eevil\n", []string{"5:3 U+202E"}, true},
	{"a line break of another kind", head + "# a\u2028visuals: []\n", []string{"5:4 line break"}, true},
	{"a file that is too large", "#" + strings.Repeat("x", MaxSize), []string{"0:0 at most 1048576"}, false},
}

func vendor(name, guid string) string {
	return fmt.Sprintf("    - {name: %s, bundle: b, fingerprint: \"sha256:%s\", guids: [%s]}\n", name, strings.Repeat("0", 64), guid)
}

func TestRefused(t *testing.T) {
	for _, c := range refused {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("etc/orgstore.yaml", []byte(c.text))
			var faults Faults
			if !errors.As(err, &faults) {
				t.Fatalf("got error %v", err)
			}
			if strings.Contains(err.Error(), "Hush") {
				t.Errorf("the secret is repeated:\n%v", err)
			}
			if len(c.faults) > 0 && len(faults) != len(c.faults) {
				t.Errorf("want %d faults, got\n%v", len(c.faults), err)
			}
			for i, want := range c.faults {
				if i >= len(faults) {
					break
				}
				f := faults[i]
				place, word, _ := strings.Cut(want, " ")
				if got := fmt.Sprintf("%d:%d", f.Line, f.Column); !strings.HasPrefix(got, place) || !strings.Contains(f.Message, word) {
					t.Errorf("want %q, got\n%v", want, f)
				}
				if (f.Line > 0) != (f.Excerpt != "") || f.File != "etc/orgstore.yaml" {
					t.Errorf("a fault without its excerpt or file:\n%v", f)
				}
			}
		})
	}
}

func TestFaultsReadAsWritten(t *testing.T) {
	_, err := Parse("orgstore.yaml", []byte(head+"visuals:\n  - {gud: a, pin: \"1\"}\n"))
	want := `orgstore.yaml:6:5: an item of "visuals" lacks the key "guid"
    6 |   - {gud: a, pin: "1"}
      |     ^
orgstore.yaml:6:6: unknown key "gud"
    6 |   - {gud: a, pin: "1"}
      |      ^
  hint: did you mean "guid"?`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestExcerptOfALongLine(t *testing.T) {
	line := strings.Repeat("x", 5000) + "!" + strings.Repeat("y", 5000)
	e := excerpt(line, 7, 5001)
	text, caret, _ := strings.Cut(e, "\n")
	if len(e) > 400 {
		t.Fatalf("the excerpt has %d bytes", len(e))
	}
	if i := strings.IndexByte(caret, '^'); []rune(text)[i] != '!' {
		t.Errorf("the caret is not under the fault:\n%s", e)
	}
}

func TestHints(t *testing.T) {
	for _, c := range []struct{ name, text, hint string }{
		{"a constraint without quotes", head + "visuals:\n  - guid: a\n    pin: >= 1.4\n", `put the pin in quotes: pin: ">= 1.4"`},
		{"a typo of a key", "verison: 1\n", `did you mean "version"?`},
		{"a typo of a word", head + "trust: {least: sgined}\n", `did you mean "signed"?`},
		{"another word altogether", head + "kubernetes: 1\n", "known here: version, tenant"},
		{"a number that is no version", head + "visuals: [{guid: a, pin: 010}]\n", `in quotes`},
		{"a tab", head + "trust:\n\tleast: signed\n", "never with tabs"},
	} {
		_, err := Parse("orgstore.yaml", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.hint) {
			t.Errorf("%s: want hint %q, got\n%v", c.name, c.hint, err)
		}
	}
}

func TestManyFaultsEndSomewhere(t *testing.T) {
	_, err := Parse("orgstore.yaml", []byte(head+"visuals:\n"+strings.Repeat("  - x\n", 5000)))
	if err == nil || !strings.HasSuffix(err.Error(), "and 4900 faults more") {
		t.Error("5000 faults are told in full")
	}
}

func TestHugeValuesAreNotRepeated(t *testing.T) {
	huge := strings.Repeat("x", 100_000)
	for _, text := range []string{
		head + huge + ": 1\n", head + "data: \"\\t" + huge + "\"\n", head + "trust: {least: " + huge + "}\n",
		head + "visuals: [{guid: " + huge + ", pin: " + huge + ", name: " + huge + "}]\n", strings.Replace(head, "8f6c", huge, 1),
	} {
		_, err := Parse("orgstore.yaml", []byte(text))
		if err == nil || len(err.Error()) > 4000 {
			t.Errorf("%.120s…: %.300v", text, err)
		}
	}
}

func TestDeepNesting(t *testing.T) {
	for _, open := range []string{"[", "{a: ", "- ", "? "} {
		if _, err := Parse("orgstore.yaml", []byte(head+"x: "+strings.Repeat(open, 200_000))); err == nil {
			t.Errorf("%q: accepted", open)
		}
	}
}

func TestAttestersAndGradesAreRead(t *testing.T) {
	s, err := Parse("orgstore.yaml", []byte(head+attesters("Ada Lovelace", ada)+"visuals:\n  - {guid: a, pin: '1', least: signed}\n  - {guid: b, pin: '1'}\n"))
	if err != nil {
		t.Fatal(err)
	}
	a := s.Trust.Attesters[0]
	if a.Name != "Ada Lovelace" || a.Key.Text() != ada || a.Key.Use != license.UseAttestation || a.Key.Status != license.Active {
		t.Errorf("the attester is %+v", a)
	}
	if s.Visuals[0].Least != license.Signed || s.Visuals[1].Least != "" || s.Trust.Least != license.Attested {
		t.Errorf("the grades are %q, %q and %q", s.Visuals[0].Least, s.Visuals[1].Least, s.Trust.Least)
	}
}

// BenchmarkParse reads a thousand visuals; status starts with this.
func BenchmarkParse(b *testing.B) {
	text := []byte(fullFile)
	for i := range 1000 {
		text = fmt.Appendf(text, "  - guid: aurora%dX7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E\n    pin: \"~> 1.%d\"\n", i, i)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := Parse("orgstore.yaml", text); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAliasBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString(head + "a0: &a0 [x, x, x, x, x, x, x, x, x]\n")
	for i := range 30 {
		fmt.Fprintf(&b, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d]\n", i+1, i+1, i, i, i, i)
	}
	if _, err := Parse("orgstore.yaml", []byte(b.String())); err == nil {
		t.Error("accepted")
	}
}

func TestDigest(t *testing.T) {
	digest := func(text string) string {
		t.Helper()
		s, err := Parse("orgstore.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return s.Digest()
	}
	base := digest(fullFile)
	moved, err := Parse("elsewhere/orgstore.yaml", []byte(fullFile))
	if err != nil {
		t.Fatal(err)
	}
	same := map[string]string{
		"moved":            moved.Digest(),
		"comments":         digest("# a comment\n" + strings.ReplaceAll(fullFile, "\n", " # more\n")),
		"CRLF":             digest(strings.ReplaceAll(fullFile, "\n", "\r\n")),
		"another name":     digest(strings.Replace(fullFile, "name: Aurora Gauge", "name: Gauge", 1)),
		"order of GUIDs":   digest(strings.Replace(fullFile, "[auroraGauge, auroraBullet]", "[auroraBullet, auroraGauge]", 1)),
		"quotes":           digest(strings.Replace(fullFile, "pin: 1.10", "pin: '1.10'", 1)),
		"case of a tenant": digest(strings.Replace(fullFile, "8F6C", "8f6c", 1)),
	}
	for name, d := range same {
		if d != base {
			t.Errorf("%s changes the digest", name)
		}
	}
	if digest(head) != digest(head+"data: .orgstore\ntrust: {least: attested, longest_term: 9600h}\npackages: {tolerant: false}\nvisuals: []\n") {
		t.Error("writing a default out changes the digest")
	}
	tasks := handoff("To upload")
	if digest(tasks) == digest(head) || digest(tasks) != digest(handoff("To upload, remind: 48h, escalate: 5d")) || digest(tasks) == digest(handoff("To upload, remind: 47h")) ||
		digest(tasks) == digest(handoff("To upload, escalate: 6d")) {
		t.Error("the digest does not tell when a task is reminded of")
	}
	if digest(head) != digest(head+"cloud: public\nendpoints: {}\nnetwork: {}\n") {
		t.Error("writing the cloud out that everybody has changes the digest")
	}
	for _, c := range [][2]string{
		{"/sites/bi", "/sites/hr"}, {"Visuals", "Others"}, {"library: Visuals", "library: Visuals, folder: x"}, {"cloud: public", "cloud: gcc"},
		{"1111-", "1112-"}, {"secret.txt", "s.txt"}, {"secret_file: secret.txt", "secret_env: S"}, {":8080", ":8081"}, {"ca.pem", "c.pem"}, {"library: Visuals", "library: Visuals, drive: b!3"},
		{"cloud: public", "endpoints: {graph: https://graph.contoso.com}"},
	} {
		if digest(strings.Replace(tenanted, c[0], c[1], 1)) == digest(tenanted) {
			t.Errorf("%s for %s does not change the digest", c[1], c[0])
		}
	}
	if digest(scheduled) == digest(strings.Replace(scheduled, "duration: 4h", "duration: 3h", 1)) || digest(scheduled) == digest(strings.Replace(scheduled, "soak: 7d", "soak: 6d", 1)) ||
		digest(scheduled) == digest(strings.Replace(scheduled, ", enable]", "]", 1)) || digest(scheduled) != digest(strings.Replace(scheduled, "renew, enable", "enable, renew", 1)) {
		t.Error("the digest does not tell when changes may be made")
	}
	if digest(scheduled) != digest(strings.Replace(scheduled, "duration: 4h", "duration: 240m", 1)) ||
		digest(strings.Replace(scheduled, "duration: 4h", "duration: 2d", 1)) == digest(strings.Replace(scheduled, "duration: 4h", "duration: 48h", 1)) {
		t.Error("the digest does not tell days of the calendar from hours, or tells hours from minutes")
	}
	withAda := digest(head + attesters("Ada", ada, "Grace", grace))
	if withAda != digest(head+attesters("Grace", grace, "Ada", ada)) || digest(head) != digest(head+"trust: {attesters: []}\n") {
		t.Error("the order of attesters, or none of them, changes the digest")
	}
	for what, text := range map[string]string{
		"an attester's name": attesters("Eve", ada, "Grace", grace), "an attester's key": attesters("Ada", publicKeyText("ada-2026", 7), "Grace", grace),
		"an attester less": attesters("Ada", ada), "the name of a key": attesters("Ada", ada2, "Grace", grace),
	} {
		if digest(head+text) == withAda {
			t.Errorf("%s does not change the digest", what)
		}
	}
	for _, c := range [][2]string{
		{"least: signed", "least: signed\n  longest_term: 401d"}, {"pin: 1.10", "pin: 1.10\n    least: signed"}, {"pin: 1.10", "pin: 1.10\n    least: attested"},
		{"~> 1.4", "~> 1.5"}, {"1.10", "1.1"}, {"least: signed", "least: attested"}, {"statement", "package"}, {"tolerant: true", "tolerant: false"},
		{"sha256:0", "sha256:1"}, {"path: store", "path: elsewhere"}, {"folder: inbox", "folder: in"}, {"data: state", "data: st"},
		{"[auroraGauge, auroraBullet]", "[auroraGauge]"}, {"8F6C", "9F6C"}, {"name: Aurora Visuals", "name: Aurora"}, {"aurora.trust", "a.trust"},
	} {
		if digest(strings.Replace(fullFile, c[0], c[1], 1)) == base {
			t.Errorf("%s for %s does not change the digest", c[1], c[0])
		}
	}
}

func TestPolicy(t *testing.T) {
	s, err := Parse("/etc/orgstore.yaml", []byte(scheduled))
	if err != nil {
		t.Fatal(err)
	}
	saturday := time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)
	first, last := s.Policy(s.Visuals[0]), s.Policy(s.Visuals[2])
	if !first.Calendar.EvaluateAt(saturday, change.Upgrade, 0).Open || first.Calendar.EvaluateAt(saturday.Add(-1), change.Upgrade, 0).Open || first.Soak != 7*24*time.Hour || first.Renew != plan.RenewInWindow {
		t.Errorf("%+v", first)
	}
	if !last.Calendar.EvaluateAt(saturday.Add(-1), change.Upgrade, 0).Open || last.Calendar.EvaluateAt(time.Date(2026, 12, 28, 0, 0, 0, 0, time.UTC), change.Upgrade, 0).Open {
		t.Errorf("%+v", last)
	}
	if s.Windows[0].Name != "cutover" || !s.Windows[0].From.Equal(time.Date(2026, 12, 6, 1, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", s.Windows)
	}
	if f, w := s.Freezes[0], s.Windows[1]; f.Days != 5 || f.Length != 0 || w.Days != 0 || w.Length != 4*time.Hour {
		t.Errorf("5d last %s, 4h last %s", f.LengthText(), w.LengthText())
	}
}
