package plan

import (
	"testing"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

func TestWhatAWayBackBlocks(t *testing.T) {
	at := func(r visual.Release) store.State { return store.State{Presence: store.Present, Release: &r} }
	left := release("1.5.0.0", "a")
	older, sameVersion := release("1.4.0.0", "a"), release("1.5.0.0", "b")
	whole := Block{Version: left.Version, Content: "h1:x", Digest: left.Digest}
	for _, c := range []struct {
		name string
		back WayBack
		want Block
	}{
		{"to an older version", WayBack{From: at(left), To: at(older), Content: "h1:x"}, whole},
		{"to nothing", WayBack{From: at(left), To: store.State{Presence: store.Absent}, Content: "h1:x"}, whole},
		{"its access is turned off", WayBack{From: at(left), To: withAccess(at(left), false), Content: "h1:x", KeepsCode: true}, whole},
		{"to other code of the same version", WayBack{From: at(left), To: at(sameVersion), Content: "h1:x"}, Block{Content: "h1:x", Digest: left.Digest}},
		{"to a license of before", WayBack{From: at(left), To: at(sameVersion), Content: "h1:x", KeepsCode: true}, Block{Digest: left.Digest}},
		{"to an older version of the same code", WayBack{From: at(left), To: at(older), Content: "h1:x", KeepsCode: true}, Block{Version: left.Version, Digest: left.Digest}},
		{"nobody knows its code", WayBack{From: at(left), To: at(older)}, Block{Version: left.Version, Digest: left.Digest}},
	} {
		c.back.Key, c.back.Pin, c.back.Reason, c.back.Cause = gauge("main"), "~> 1.4", "tooltips are gone", CodeCheckFailed
		c.want.Key, c.want.Pin, c.want.Reason, c.want.Cause = c.back.Key, c.back.Pin, c.back.Reason, c.back.Cause
		if got := c.back.Block(); got == nil || *got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	if got := (WayBack{From: store.State{Presence: store.Absent}, To: at(older)}).Block(); got != nil {
		t.Errorf("from nothing: %+v", got)
	}
}

func TestABlockIsInForceWhileThePinReadsAsThen(t *testing.T) {
	b := Block{Pin: "~> 1.4"}
	if !b.IsInForce("~> 1.4") || b.IsInForce("~> 1.5") || b.IsInForce("") {
		t.Error("a block is not in force under its own pin alone")
	}
}
