package config

import "go.yaml.in/yaml/v4"

// A text is one scalar exactly as the file spells it, so that 1.10 stays 1.10,
// and the place it stands at. The node is nil where the file says nothing.
type text struct {
	value string
	node  *yaml.Node
}

func (t text) given() bool { return t.node != nil }

// The scalars, each a type of its own, so that the schema can say what each
// takes.
type (
	formatNumber text
	tenantID     text
	folderPath   text
	driverName   text
	acceptance   text
	leastGrade   text
	ownGrade     text
	publicKey    text
	label        text
	fingerprint  text
	guidText     text
	enforcement  text
	pinText      text
	truth        text

	remindPeriod      text
	unreachablePeriod text
	escalatePeriod    text
	termPeriod        text
	cloudName         text
	webAddress        text
	audience          text
	driveID           text
	siteAddress       text
	proxyAddress      text
	signInType        text
	clientID          text
	variable          text

	cronText text
	period   text
	// windowLength is a period whose days are days of the calendar.
	windowLength text
	zoneName     text
	wallTime     text
	changeKind   text
	renewMode    text
	driftMode    text
	licensing    text
	windowName   text
	storeName    text

	noticeEvent   text
	clockTime     text
	mailAddress   text
	lastDay       text
	approvalCount text
	expression    text
	otherwiseWord text
	outcomeWord   text
	shippedRule   text
	limitVersion  text

	argument    text
	checkPeriod text
	checkedKind text

	roundPeriod   text
	listenAddress text
	logForm       text
)

// factsTree is what an example gives, by the names that rules use.
type factsTree struct{ node *yaml.Node }

// file is the settings file as it is written. Keys come from the yaml tags, and
// the descriptions in the JSON Schema from the comments. The tag default says what a
// key means where the file does not have it, and the tag digest how it counts in the
// digest: see digestOf.
type file struct {
	// Version of this file's form: 1.
	Version formatNumber `yaml:"version" jsonschema:"required" default:"1"`
	// Tenant is the directory (tenant) ID that the Azure portal shows.
	Tenant tenantID `yaml:"tenant" jsonschema:"required"`
	// Cloud of Microsoft's in which the tenant is.
	Cloud cloudName `yaml:"cloud" default:"public"`
	// Endpoints take the place of the cloud's own, where Microsoft told you others.
	Endpoints endpointsSection `yaml:"endpoints"`
	// SignIn says how orgstore signs in to the tenant.
	SignIn signInSection `yaml:"sign_in"`
	// Network says how Microsoft's services are reached.
	Network networkSection `yaml:"network"`
	// Data is the folder in which orgstore keeps its archive and its journal.
	Data folderPath `yaml:"data" default:".orgstore"`
	// Library is where packages and licenses arrive.
	Library librarySection `yaml:"library" jsonschema:"required"`
	// Store is where reports load visuals from.
	Store storeSection `yaml:"store"`
	// Stores are several such places, by name, in place of store: a pilot and what comes after it.
	Stores map[string]storeSection `yaml:"stores"`
	// Rings lists the stores in the order in which releases go through them.
	Rings []storeName `yaml:"rings" digest:"ordered"`
	// Trust says whom the tenant believes about licenses.
	Trust trustSection `yaml:"trust"`
	// Packages says which packages are let in.
	Packages packagesSection `yaml:"packages"`
	// Audit says how a history that was cut off is noticed.
	Audit auditSection `yaml:"audit"`
	// Windows are times in which code may be changed, by name; visuals name theirs.
	Windows map[string]windowEntry `yaml:"windows"`
	// Freezes are times in which nothing is changed, by name; they win over windows.
	Freezes map[string]freezeEntry `yaml:"freezes"`
	// Check says what is asked after a change whether it is good; one that is not goes back by itself.
	Check checkSection `yaml:"check"`
	// Notify lists who is told what happened and what is about to.
	Notify []notifyEntry `yaml:"notify"`
	// Approvals say how many people must approve which changes, and who may.
	Approvals approvalsSection `yaml:"approvals"`
	// Rules are this tenant's own about which changes are made; each must hold.
	Rules []ruleEntry `yaml:"rules"`
	// RuleExamples are changes with what the rules are to make of them; orgstore policy test tries them.
	RuleExamples []exampleEntry `yaml:"rule_examples" digest:"-"`
	// Agent says how orgstore agent run works by itself.
	Agent agentSection `yaml:"agent"`
	// Visuals lists the visuals the tenant wants, each with its pin.
	Visuals []visualEntry `yaml:"visuals"`
}

type checkSection struct {
	// Command is a program and its arguments; it says by its exit status whether the change is good: 0 is good. No shell is asked.
	Command []argument `yaml:"command" digest:"ordered"`
	// Env names environment variables of orgstore's own that the command may see, beside the usual ones.
	Env []variable `yaml:"env"`
	// Webhook gets the change as JSON, signed, and says by its answer whether it is good: 2xx is good.
	Webhook webhookSection `yaml:"webhook"`
	// Timeout is how long the command and the webhook may take, each.
	Timeout checkPeriod `yaml:"timeout" default:"2m"`
	// On lists the kinds of change after which it is asked; without it, after all that put a package.
	On []checkedKind `yaml:"on"`
}

type notifyEntry struct {
	// Name of the channel. What a channel was told is kept under it.
	Name label `yaml:"name" jsonschema:"required"`
	// Mail sends it to people, through the tenant's Microsoft Graph.
	Mail mailSection `yaml:"mail"`
	// Teams posts it as a card, through a workflow of Teams.
	Teams teamsSection `yaml:"teams"`
	// Webhook posts it as JSON, signed.
	Webhook webhookSection `yaml:"webhook"`
	// Events that it is told of, one by one or by their first word, such as license; without it, all.
	Events []noticeEvent `yaml:"events"`
	// Digest gathers what there is to tell until a time of the day; without it, at once.
	Digest digestSection `yaml:"digest"`
}

type mailSection struct {
	// From is the mailbox it is sent from; the application needs Mail.Send for it.
	From mailAddress `yaml:"from" jsonschema:"required"`
	// To lists who gets it.
	To []mailAddress `yaml:"to" jsonschema:"required"`
}

type teamsSection struct {
	// URLFile holds the workflow's https address; such addresses are secrets.
	URLFile folderPath `yaml:"url_file"`
	// URLEnv is the environment variable that holds the address.
	URLEnv variable `yaml:"url_env"`
}

type webhookSection struct {
	// URLFile holds the https address it is posted to; such addresses are secrets.
	URLFile folderPath `yaml:"url_file"`
	// URLEnv is the environment variable that holds the address.
	URLEnv variable `yaml:"url_env"`
	// SecretFile holds the secret that signs, as Standard Webhooks has it: whsec_ and base64, or 24 to 64 bytes.
	SecretFile folderPath `yaml:"secret_file"`
	// SecretEnv is the environment variable that holds the secret.
	SecretEnv variable `yaml:"secret_env"`
}

type digestSection struct {
	// At is the time of the day: 08:00.
	At clockTime `yaml:"at" jsonschema:"required"`
	// Timezone of that time, as the IANA database names it: Europe/Rome.
	Timezone zoneName `yaml:"timezone" jsonschema:"required"`
}

type ruleEntry struct {
	// Use switches on a rule that comes with orgstore, by its name: orgstore policy list.
	Use shippedRule `yaml:"use"`
	// AtMost is the limit of the rule api-version: the highest version that is known here.
	AtMost limitVersion `yaml:"at_most"`
	// Name of a rule of your own, as gates and messages show it.
	Name label `yaml:"name"`
	// When says to which changes the rule applies, in CEL; without it, to all.
	When expression `yaml:"when"`
	// Require says what must be true of them, in CEL.
	Require expression `yaml:"require"`
	// Otherwise says what follows if it is not: deny (the change is not made) or approval (somebody must approve it).
	Otherwise otherwiseWord `yaml:"otherwise"`
	// Message is what people read then.
	Message label `yaml:"message"`
}

type exampleEntry struct {
	// Name of the example.
	Name label `yaml:"name" jsonschema:"required"`
	// Given are the facts, by the names that rules use; what is left out is empty.
	Given factsTree `yaml:"given" jsonschema:"required"`
	// Expect is what the rules together are to say: allow, approval or deny.
	Expect outcomeWord `yaml:"expect" jsonschema:"required"`
	// Rule is the name of one that is to be against it.
	Rule label `yaml:"rule"`
}

type approvalsSection struct {
	// Groups are lists of accounts, by name: each account as orgstore sees it, by its name or ID in the operating system or in Entra.
	Groups map[string][]label `yaml:"groups"`
	// From lists who may approve: accounts, or names of groups. Without it anybody may who can run orgstore on this data.
	From []label `yaml:"from"`
	// Install is how many must approve a first install.
	Install approvalCount `yaml:"install" default:"0"`
	// Upgrade is how many must approve other code in the place of what is installed.
	Upgrade approvalCount `yaml:"upgrade" default:"0"`
	// Renewal is how many must approve a change of the license alone.
	Renewal approvalCount `yaml:"renewal" default:"0"`
	// Rollback is how many must approve a rollback.
	Rollback approvalCount `yaml:"rollback" default:"0"`
}

type agentSection struct {
	// Every is how long the agent sleeps between two looks, where nothing wakes it up: 5m, 1h.
	Every roundPeriod `yaml:"every" default:"5m"`
	// Listen is the address of its metrics and health checks, such as 127.0.0.1:9464; without one there are none.
	Listen listenAddress `yaml:"listen"`
	// Log is the form of its log: text or json.
	Log logForm `yaml:"log" default:"text"`
	// Socket is where it serves people who cannot open the data folder, each under their own account; Linux alone.
	Socket folderPath `yaml:"socket"`
	// Heartbeat says where it tells that it is alive, after each look that went well.
	Heartbeat heartbeatSection `yaml:"heartbeat"`
}

type heartbeatSection struct {
	// URLFile holds the https address that is asked; such addresses are secrets.
	URLFile folderPath `yaml:"url_file"`
	// URLEnv is the environment variable that holds the address.
	URLEnv variable `yaml:"url_env"`
}

type librarySection struct {
	// Folder that new packages and their .license files are put into.
	Folder folderPath `yaml:"folder"`
	// SharePoint names a document library, in place of a folder.
	SharePoint sharePointSection `yaml:"sharepoint"`
}

type sharePointSection struct {
	// Site is the address of the site, as the browser shows it.
	Site siteAddress `yaml:"site" jsonschema:"required"`
	// Library is the name of the document library.
	Library label `yaml:"library" jsonschema:"required"`
	// Folder within the library; without it, the whole library.
	Folder label `yaml:"folder"`
	// Drive is Graph's id of the library, for an application that may reach the library alone and not its site.
	Drive driveID `yaml:"drive"`
}

type endpointsSection struct {
	// Login is where tokens come from.
	Login webAddress `yaml:"login"`
	// Graph is where Microsoft Graph answers.
	Graph webAddress `yaml:"graph"`
	// PowerBI is where the Power BI REST API answers.
	PowerBI webAddress `yaml:"powerbi"`
	// Fabric is where the Fabric REST API answers.
	Fabric webAddress `yaml:"fabric"`
	// GraphAudience is whom tokens for Microsoft Graph are for, where that is not the cloud's own.
	GraphAudience audience `yaml:"graph_audience"`
	// PowerBIAudience is whom tokens for Power BI are for, where that is not the cloud's own.
	PowerBIAudience audience `yaml:"powerbi_audience"`
	// FabricAudience is whom tokens for Fabric are for, where that is not the cloud's own.
	FabricAudience audience `yaml:"fabric_audience"`
	// Portal is where the admin portal is; recorded requests may go there too.
	Portal webAddress `yaml:"portal"`
}

type signInSection struct {
	// Type is the way to sign in: a managed identity, a federated one, a certificate, a secret, a person with a device code or browser, the Azure CLI, or what the machine offers.
	Type signInType `yaml:"type" jsonschema:"required"`
	// Client is the application (client) ID; of a user-assigned managed identity, its client ID.
	Client clientID `yaml:"client"`
	// Certificate is a file with a certificate and its private key, PEM or PFX.
	Certificate folderPath `yaml:"certificate"`
	// PasswordFile holds the certificate's password.
	PasswordFile folderPath `yaml:"password_file"`
	// PasswordEnv is the environment variable that holds the certificate's password.
	PasswordEnv variable `yaml:"password_env"`
	// SecretFile holds the client secret.
	SecretFile folderPath `yaml:"secret_file"`
	// SecretEnv is the environment variable that holds the client secret.
	SecretEnv variable `yaml:"secret_env"`
	// SecretEnds is the day on which the client secret ends, as the app registration shows it: orgstore warns before.
	SecretEnds lastDay `yaml:"secret_ends"`
	// TokenFile holds the federated token, which the platform renews.
	TokenFile folderPath `yaml:"token_file"`
}

type networkSection struct {
	// Proxy that https goes through, in place of the environment's.
	Proxy proxyAddress `yaml:"proxy"`
	// CA is a file with certificates (PEM) that are trusted beside the system's.
	CA folderPath `yaml:"ca"`
}

type storeSection struct {
	// Driver that changes the store: folder; handoff, by which a person makes each change; or recorded, which replays what a person's browser sent.
	Driver driverName `yaml:"driver" jsonschema:"required"`
	// Path of the store's folder; with handoff, of the folder that tasks are laid out in.
	Path folderPath `yaml:"path"`
	// Recipe of recorded, a file that orgstore store learn wrote.
	Recipe folderPath `yaml:"recipe"`
	// Digest of the recipe that was read and found good, as orgstore store learn prints it.
	Digest fingerprint `yaml:"digest"`
	// Unofficial: accepted lets recorded change the store by requests that Microsoft does not document.
	Unofficial acceptance `yaml:"unofficial"`
	// Tenant is the directory (tenant) ID that a store belongs to, where it is another than this file's: licenses must name it.
	Tenant tenantID `yaml:"tenant"`
	// Remind is how long a task of handoff waits until there is a reminder: 2d, 36h or 90m.
	Remind remindPeriod `yaml:"remind" default:"2d"`
	// Escalate is how long a task of handoff waits until it is escalated.
	Escalate escalatePeriod `yaml:"escalate" default:"5d"`
	// Unreachable is how long the store may be out of reach until people are told.
	Unreachable unreachablePeriod `yaml:"unreachable" default:"1h"`
}

type trustSection struct {
	// Least grade a license must have: signed, attested, or readable (found in the package, not checked).
	Least leastGrade `yaml:"least" default:"attested"`
	// LongestTerm is how long a license may last, from begin to end, without a person looking at it: 400d. What is left of the license before it is not counted.
	LongestTerm termPeriod `yaml:"longest_term" default:"400d"`
	// Vendors whose signed licenses are believed.
	Vendors []vendorEntry `yaml:"vendors"`
	// Attesters are this tenant's own people who may attest what a license says that cannot be read.
	Attesters []attesterEntry `yaml:"attesters"`
}

type vendorEntry struct {
	// Name of the vendor, as messages show it.
	Name label `yaml:"name" jsonschema:"required"`
	// Bundle is the vendor's trust bundle, a file.
	Bundle folderPath `yaml:"bundle" jsonschema:"required"`
	// Fingerprint of the bundle, compared with the vendor by another way than the file came.
	Fingerprint fingerprint `yaml:"fingerprint" jsonschema:"required"`
	// GUIDs of the visuals this vendor may speak for.
	GUIDs []guidText `yaml:"guids" jsonschema:"required"`
	// Enforced says what the vendor's visuals themselves obey: the date inside the package, or the license statement.
	Enforced enforcement `yaml:"enforced" default:"package"`
}

type attesterEntry struct {
	// Name of the person, as attestations say it. Who has several keys is listed with each.
	Name label `yaml:"name" jsonschema:"required"`
	// Key is the public half of the person's key, as orgstore trust keygen prints it.
	Key publicKey `yaml:"key" jsonschema:"required"`
	// Account of the person where orgstore runs (its name or ID in the operating system or in Entra): who attests a license lets no change to it pass.
	Account label `yaml:"account"`
}

type windowEntry struct {
	// Cron says when it begins: minute, hour, day of the month, month, day of the week.
	Cron cronText `yaml:"cron"`
	// Duration is how long it lasts: 4h or 90m of elapsed time, or 2d, which are days of the calendar.
	Duration windowLength `yaml:"duration"`
	// From is when it begins, where it comes once: 2026-12-05T20:00.
	From wallTime `yaml:"from"`
	// Until is when it ends, where it comes once.
	Until wallTime `yaml:"until"`
	// Timezone of these times, as the IANA database names it: Europe/Rome.
	Timezone zoneName `yaml:"timezone" jsonschema:"required"`
}

type freezeEntry struct {
	// Cron says when it begins: minute, hour, day of the month, month, day of the week.
	Cron cronText `yaml:"cron"`
	// Duration is how long it lasts: 4h or 90m of elapsed time, or 2d, which are days of the calendar.
	Duration windowLength `yaml:"duration"`
	// From is when it begins, where it comes once: 2026-12-05T20:00.
	From wallTime `yaml:"from"`
	// Until is when it ends, where it comes once.
	Until wallTime `yaml:"until"`
	// Timezone of these times, as the IANA database names it: Europe/Rome.
	Timezone zoneName `yaml:"timezone" jsonschema:"required"`
	// Except lists the kinds of change that are made all the same, such as renew.
	Except []changeKind `yaml:"except"`
}

type auditSection struct {
	// Checkpoint is a second file, away from the data folder (on a share, say), that says how far the audit log went.
	Checkpoint folderPath `yaml:"checkpoint"`
}

type packagesSection struct {
	// Tolerant lets packages be deployed that another tool than Microsoft's packager zipped.
	Tolerant truth `yaml:"tolerant" default:"false"`
}

type visualEntry struct {
	// GUID of the visual, as its package spells it.
	GUID guidText `yaml:"guid" jsonschema:"required"`
	// Pin is an exact version, or a constraint such as "~> 1.4" or ">= 1.4, < 2". Where several packages have one version, VERSION@sha256:DIGEST names one of them.
	Pin pinText `yaml:"pin" jsonschema:"required"`
	// Least grade that this visual's license must have, in place of that under trust: signed, attested or readable.
	Least ownGrade `yaml:"least"`
	// Renew says when changes of the license alone are made: automatic (at once), in-window or manual.
	Renew renewMode `yaml:"renew" default:"automatic"`
	// Drift says what follows where somebody else changed the visual: report (a person decides), adopt (what is known and well licensed becomes what there is) or restore (what is pinned is put back, once).
	Drift driftMode `yaml:"drift" default:"report"`
	// Licensing is hybrid where the vendor licenses the visual and AppSource installs it: it updates by itself, cannot be pinned and is only shown.
	Licensing licensing `yaml:"licensing" default:"vendor"`
	// Check is what is asked after a change of this visual, in place of that for all.
	Check checkSection `yaml:"check"`
	// Upgrade says when other code may take the place of what is installed.
	Upgrade upgradeSection `yaml:"upgrade"`
	// Install says how many must approve its first install, in place of what approvals says.
	Install approvedSection `yaml:"install"`
	// Renewal says how many must approve a change of its license alone, in place of what approvals says.
	Renewal approvedSection `yaml:"renewal"`
	// Rollback says how many must approve going back, in place of what approvals says.
	Rollback approvedSection `yaml:"rollback"`
	// Approvers lists who may approve changes of this visual: accounts or groups, in place of from under approvals.
	Approvers []label `yaml:"approvers"`
	// Rings lists the stores that this visual goes through, in place of rings above.
	Rings []storeName `yaml:"rings" digest:"ordered"`
	// Name is for readers of this file; it decides nothing.
	Name label `yaml:"name" digest:"-"`
}

type approvedSection struct {
	// Approvals is how many people must say yes.
	Approvals approvalCount `yaml:"approvals"`
}

type upgradeSection struct {
	// Window in which it may, by its name under windows; without one at any time.
	Window windowName `yaml:"window"`
	// Soak is how long a release must have been here before: 7d, 12h.
	Soak period `yaml:"soak"`
	// Approvals is how many people must say yes, in place of what approvals says.
	Approvals approvalCount `yaml:"approvals"`
	// Promote is how long a release must have run in one store before it goes on to the next: 7d, 12h; without it as long as soak.
	Promote period `yaml:"promote"`
}
