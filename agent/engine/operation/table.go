package operation

import "github.com/orgstore/orgstore/agent/engine"

// The operations. What members of the socket's group may call names no file, since
// the agent would read it with its own rights, and changes neither settings nor
// stores.
var (
	AddAttester    = onSettingsAlone("trust attester add", Owner, true, engine.Ports.AddAttester)
	AddTrust       = onSettingsAlone("trust add", Owner, true, engine.Ports.AddTrust)
	AgentStatus    = onSettings("agent status", Members, engine.Ports.AgentStatus)
	Apply          = onEngine("apply", Owner, true, (*engine.Engine).Apply)
	Attesters      = onSettingsAlone("trust attester list", Members, false, engine.Ports.ListAttesters)
	Baseline       = onEngine("store baseline", Owner, true, (*engine.Engine).Baseline)
	Confirm        = onEngine("store confirm", Owner, true, (*engine.Engine).Confirm)
	Decide         = onEngine("decide", Members, true, (*engine.Engine).Decide)
	Drift          = onEngine("drift", Members, false, (*engine.Engine).Drift)
	Facts          = onSettings("facts show", Members, engine.Ports.ShowFacts)
	History        = onEngine("history", Members, false, (*engine.Engine).History)
	Hold           = onEngine("hold", Members, true, (*engine.Engine).Hold)
	Import         = onEngine("store import", Owner, true, (*engine.Engine).Import)
	LicenseStatus  = onEngine("license status", Members, false, (*engine.Engine).LicenseStatus)
	NoticeChannels = onEngine("notice list", Members, false, (*engine.Engine).NoticeChannels)
	Packages       = onEngine("package list", Members, false, (*engine.Engine).ListPackages)
	Pending        = onEngine("approve list", Members, false, (*engine.Engine).Pending)
	Pins           = onSettingsAlone("pin list", Members, false, engine.Ports.ListPins)
	Plan           = onEngine("plan", Members, false, (*engine.Engine).Plan)
	RemovePin      = onEngine("pin remove", Owner, true, (*engine.Engine).RemovePin)
	RemoveTrust    = onEngine("trust remove", Owner, true, (*engine.Engine).RemoveTrust)
	RequestPin     = onEngine("pin request", Members, true, (*engine.Engine).RequestPin)
	Rollback       = onEngine("rollback", Owner, true, (*engine.Engine).Rollback)
	Runway         = onEngine("license runway", Members, false, (*engine.Engine).Runway)
	SetPin         = onEngine("pin set", Owner, true, (*engine.Engine).SetPin)
	Settle         = onEngine("drift settle", Members, true, (*engine.Engine).Settle)
	Status         = onEngine("status", Members, false, (*engine.Engine).Status)
	TrustList      = onSettings("trust list", Members, engine.Ports.TrustList)
	Unblock        = onEngine("unblock", Members, true, (*engine.Engine).Unblock)
	Unhold         = onEngine("unhold", Members, true, (*engine.Engine).Unhold)
	UpdateTrust    = onEngine("trust update", Owner, true, (*engine.Engine).UpdateTrust)
)

// table lists every operation.
var table = []entry{
	AddAttester, AddTrust, AgentStatus, Apply, Attesters, Baseline, Confirm, Decide, Drift, Facts, History, Hold, Import, LicenseStatus, NoticeChannels, Packages,
	Pending, Pins, Plan, RemovePin, RemoveTrust, RequestPin, Rollback, Runway, SetPin, Settle, Status, TrustList, Unblock, Unhold, UpdateTrust,
}
