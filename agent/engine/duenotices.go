package engine

import (
	"time"

	"github.com/orgstore/orgstore/agent/notify"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/plan"
)

// Notices are all that there is to tell now, told before or not.
func (e *Engine) Notices(p plan.Plan, in plan.Input) []notify.Notice {
	now := e.Moment().Time()
	book := e.Journal.Book()
	all := notify.Licenses(e.runways(p, in), now)
	all = append(all, notify.Tasks(book, e.taskInstructions)...)
	all = append(all, notify.Changes(book)...)
	all = append(all, notify.Drift(e.compareDrift(p, in))...)
	var held []notify.Held
	for _, step := range p.Steps {
		if g, waits := undecided(e.Gates(step)); waits && g.Kind != plan.GateHold {
			held = append(held, notify.Held{Step: step, Gate: g})
		}
	}
	all = append(all, notify.Gates(held)...)
	all = append(all, notify.Expiries(e.knownExpiries(), now)...)
	for _, t := range e.Settings.Stores {
		if u, isUnread := e.unread[t.Name]; isUnread && now.Sub(u.Since) >= t.Unreachable {
			all = append(all, notify.UnreachableStore(t.Name, u))
		}
	}
	if f := e.signInFault; f != nil {
		all = append(all, notify.Unsigned(f.Error(), f.Hint, verdict.Code(f.Code), now))
	}
	return all
}

// taskInstructions are what a task asks a person to do, where the store can tell.
func (e *Engine) taskInstructions(k store.Key, id store.StepID) string {
	t, ok := store.As[store.TaskKeeper](e.Stores[k.Store])
	if !ok {
		return ""
	}
	text, err := t.Instructions(id)
	if err != nil {
		return ""
	}
	return text
}

// knownExpiries are the ends that are known beside those of licenses.
func (e *Engine) knownExpiries() []notify.Expiry {
	var all []notify.Expiry
	if in := e.Settings.SignIn; !in.SecretEnds.IsZero() {
		all = append(all, notify.Expiry{Event: notify.SignInEnding, What: "the client secret that signs in to the tenant", Ends: in.SecretEnds,
			Hint: "create a new one in the app registration, put it where sign_in says, and correct secret_ends"})
	}
	if e.Settings.SignIn.Certificate != "" {
		// One that cannot be read shows where somebody signs in with it.
		if ends, err := e.certificateEnds(); err == nil && !ends.IsZero() {
			all = append(all, notify.Expiry{Event: notify.SignInEnding, What: "the certificate that signs in to the tenant", Ends: ends,
				Hint: "make a new one, add its public half to the app registration, and put it where sign_in.certificate says"})
		}
	}
	vendors, _ := e.trustParts(e.Settings, e.Journal.Book())
	for _, v := range vendors {
		if !v.Bundle.IsZero() && !v.Bundle.Expires().IsZero() {
			all = append(all, notify.Expiry{Event: notify.TrustEnding, What: "the trust bundle of " + v.Name, Ends: v.Bundle.Expires(),
				Hint: "ask the vendor for its current trust bundle, then `orgstore trust update`"})
		}
	}
	return all
}

func (e *Engine) certificateEnds() (time.Time, error) {
	t, err := e.connectTenant()
	if err != nil {
		return time.Time{}, err
	}
	return t.CertificateEnds()
}
