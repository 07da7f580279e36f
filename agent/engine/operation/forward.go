package operation

import (
	"context"

	"github.com/go-json-experiment/json"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/localapi"
)

// Forward lets the agent carry out an operation for this account, which cannot open
// the data folder itself. Its errors are those of localapi.Call, and that of the
// operation.
func (o Operation[Request, Result]) Forward(ctx context.Context, settings config.Settings, r Request) (Outcome[Result], error) {
	owner, err := localapi.Owner(settings.Data)
	if err != nil {
		return Outcome[Result]{}, err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return Outcome[Result]{}, err
	}
	reply, err := localapi.Call(ctx, settings.Agent.Socket, owner, localapi.Request{Settings: settings.Digest(), Operation: o.Name, Request: text})
	if err != nil {
		return Outcome[Result]{}, err
	}
	var a Answer
	if err := json.Unmarshal(reply.Answer, &a, json.RejectUnknownMembers(true)); err != nil {
		return Outcome[Result]{}, otherVersion("its answer cannot be read: %w", err)
	}
	return o.outcome(a)
}
