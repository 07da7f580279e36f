package engine

import (
	"cmp"

	"github.com/orgstore/orgstore/policies/drift"
	"github.com/orgstore/orgstore/policies/plan"
)

type DriftFinding struct {
	Class    string `json:"class"`
	Code     string `json:"code"`
	Severity string `json:"severity"` // drift, or note where nobody need do anything
	Store    string `json:"store"`
	Visual   Visual `json:"visual"` // empty where it is about the store as a whole
	Pin      string `json:"pin"`
	Policy   string `json:"policy"` // report, adopt or restore; empty for what is not pinned
	Believed *State `json:"believed"`
	Found    *State `json:"found"`
	By       string `json:"by"`
	At       string `json:"at"`
	Event    string `json:"event"`
	Message  string `json:"message"`
	Hint     string `json:"hint"`
}

type ActivityLog struct {
	State   string `json:"state"` // read, unread, off or none
	Until   string `json:"until"`
	Message string `json:"message"`
}

func (e *Engine) DriftFindingOf(f drift.Finding) DriftFinding {
	d := DriftFinding{
		Class: string(f.Class), Code: string(f.Code), Severity: "note", Store: f.Key.Store,
		Visual: VisualOf(f.Key, f.Name), Believed: StateOf(f.Believed), Found: StateOf(f.Found),
		By: f.By, At: Timestamp(f.At), Event: f.Event, Message: f.Message, Hint: f.Hint,
	}
	if f.Counts {
		d.Severity = "drift"
	}
	if v, ok := e.Settings.Visual(f.Key.GUID); ok {
		d.Pin, d.Policy = v.Pin.String(), string(cmp.Or(v.Drift, plan.DriftReport))
	}
	return d
}

func (e *Engine) ActivityLog() ActivityLog {
	d := ActivityLog{State: "read", Until: Timestamp(e.activityLog.Until)}
	switch {
	case len(e.tenantStores()) == 0:
		d.State, d.Message = "none", "the store is no Organizational Store, so the activity log tells nothing of it"
	case e.activityLog.Off != "":
		d.State, d.Message = "off", e.activityLog.Off
	case e.activityLog.Problem != "":
		d.State, d.Message = "unread", e.activityLog.Problem
	}
	return d
}
