package plan

import (
	"fmt"
	"time"

	"github.com/orgstore/orgstore/policies/approval"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/window"
)

// A RenewMode says when changes of the license alone are made.
type RenewMode string

// The modes.
const (
	RenewAtOnce   RenewMode = "automatic" // the default: as soon as the package is here
	RenewInWindow RenewMode = "in-window"
	RenewByHand   RenewMode = "manual" // each needs an approval
)

// A Policy says when a visual may be changed. The zero Policy lets every change
// happen at once.
type Policy struct {
	Calendar window.Calendar
	Renew    RenewMode
	// Soak is how long a release must have been here before it replaces other
	// code.
	Soak time.Duration
	// Approvals say how many people must say yes, and who.
	Approvals approval.Policy
}

// Windowed says whether changes of a kind wait for a window: those of code do,
// and renewals where they are to.
func (p Policy) Windowed(k change.Kind) bool {
	return changesCode(k) || k == change.Renew && p.Renew == RenewInWindow
}

// freezeGates say that nothing may be changed now.
func freezeGates(s Step, c Conditions) []Gate {
	if s.Kind == change.Restore {
		return nil
	}
	frozen := c.Policies[s.Key].Calendar.EvaluateAt(c.At.Time(), s.Kind, 0).Freeze
	if frozen.From.IsZero() {
		return nil
	}
	return []Gate{{Kind: GateFreeze, Key: gateKey(GateFreeze, frozen.Name), Until: frozen.Until, Message: "frozen by " + frozen.Name,
		Hint: "it opens by itself; what cannot wait: --override freeze --reason \"...\""}}
}

// windowGates keep back what waits for its window, and say if its license ends
// before that.
func windowGates(s Step, c Conditions) []Gate {
	p := c.Policies[s.Key]
	if !p.Windowed(s.Kind) || len(p.Calendar.Windows) == 0 {
		return nil
	}
	// Freezes have a gate of their own, and decide here when it opens.
	a := p.Calendar.EvaluateAt(c.At.Time(), s.Kind, c.Usual[s.Key.Store])
	if a.Open || !a.Freeze.From.IsZero() && (window.Calendar{Windows: p.Calendar.Windows}).EvaluateAt(c.At.Time(), s.Kind, 0).Open {
		return nil
	}
	g := Gate{Kind: GateWindow, Key: gateKey(GateWindow, "never"), Until: a.Next.From, Message: "waits for its window", Hint: "see when: orgstore window next"}
	switch {
	case a.TooShort:
		g.Key = gateKey(GateWindow, "short", a.Current.Name)
		g.Message = fmt.Sprintf("the window %s ends too soon: such a change usually takes %s", a.Current.Name, c.Usual[s.Key.Store].Round(time.Second))
	case a.Next.From.IsZero():
		g.Message = "waits for a window that never comes, or is never long enough"
		g.Hint = "look at the windows and freezes in the settings: orgstore window list"
	default:
		g.Key = gateKey(GateWindow, "wait", a.Next.Name)
		g.Message = "waits for the window " + a.Next.Name
	}
	gates := []Gate{g}
	if ends := s.To.License.Ends; !ends.IsZero() && !a.Next.From.IsZero() && !a.Next.From.Before(ends) {
		gates = append(gates, Gate{Kind: GateReview, Key: gateKey(GateReview, "window", day(ends), day(a.Next.From)), Message: fmt.Sprintf("its license ends on %s, before the next window on %s", day(ends), day(a.Next.From)),
			Hint: "a person decides: --override window makes it now, or get a package that lasts longer"})
	}
	return gates
}

// soakGates keep back other code that is too new here.
func soakGates(s Step, c Conditions) []Gate {
	p := c.Policies[s.Key]
	if p.Soak <= 0 || s.Kind != change.Upgrade && s.Kind != change.Replace || s.To.Release == nil {
		return nil
	}
	seen, known := c.Seen[s.To.Release.Digest]
	ready := seen.Add(p.Soak)
	if known && !c.At.Before(ready) {
		return nil
	}
	if !known {
		ready = time.Time{}
	}
	return []Gate{{Kind: GateSoak, Key: gateKey(GateSoak, s.To.Release.Digest.String(), p.Soak.String()), Until: ready.UTC(), Message: fmt.Sprintf("must have been here for %s before it replaces other code", days(p.Soak)),
		Hint: "it opens by itself; what cannot wait: --override soak --reason \"...\""}}
}

// changesCode says whether a kind of step puts other code in the place of what
// reports load now. A first install disturbs no report.
func changesCode(k change.Kind) bool {
	return k == change.Upgrade || k == change.Replace || k == change.Downgrade
}

// days writes a duration as people set it: in days where it is whole ones.
func days(d time.Duration) string {
	if n := d / (24 * time.Hour); n > 0 && d%(24*time.Hour) == 0 {
		if n == 1 {
			return "a day"
		}
		return fmt.Sprintf("%d days", n)
	}
	return d.String()
}
