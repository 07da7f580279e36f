// Package operation lists what the engine does for others: each operation's name,
// its request and its result, who may call it, and whether it changes something. The
// command line, the agent's socket, and the console call the engine through it, with
// the same values.
package operation

import (
	"context"
	"reflect"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
)

// An Audience is who may call an operation. Its zero value is nobody: whoever adds an
// operation decides.
type Audience int

const (
	undecided Audience = iota
	// Members are the accounts in the group of the agent's socket.
	Members
	// Owner is whoever may open the data folder. The agent does it for nobody else.
	Owner
)

// An Operation is one thing that the engine does.
type Operation[Request, Result any] struct {
	// Name is stable: programs of several versions know it.
	Name string
	Audience
	// IsChanging says that it records something, or changes the settings or a store.
	IsChanging bool
	// NeedsNoData says that it leaves the data folder alone: whoever may read the
	// settings, or write them, carries it out without the agent.
	NeedsNoData bool
	run         func(context.Context, *Installation, Request) (Result, error)
}

// An Installation is what an operation works on.
type Installation struct {
	engine.Ports
	Settings config.Settings
	// Reread reads the settings as they are by then.
	Reread func() (config.Settings, error)
	// incomplete is what an opened engine could not read or show.
	incomplete []string
}

// An Outcome is what came of an operation.
type Outcome[Result any] struct {
	Result Result
	// Notes are what people should know beside the result.
	Notes []string
	// Incomplete says what could not be read or shown. Notes have it, too.
	Incomplete []string
}

// Run carries out an operation. There may be a result and notes beside an error.
func (o Operation[Request, Result]) Run(ctx context.Context, i Installation, r Request) (Outcome[Result], error) {
	i.Notes = &engine.Notes{}
	result, err := o.run(ctx, &i, r)
	return Outcome[Result]{Result: result, Notes: i.Notes.Take(), Incomplete: i.incomplete}, err
}

// onEngine is an operation of an opened engine.
func onEngine[Request, Result any](name string, who Audience, isChanging bool, do func(*engine.Engine, context.Context, Request) (Result, error)) Operation[Request, Result] {
	run := func(ctx context.Context, i *Installation, r Request) (result Result, err error) {
		e, err := engine.Open(ctx, i.Settings, i.Ports, i.Reread)
		if err != nil {
			return result, err
		}
		defer func() {
			if closed := e.Close(); closed != nil { // what was done is done
				i.Notes.Add("the data folder could not be closed: " + closed.Error())
			}
		}()
		result, err = do(e, ctx, r)
		for _, text := range []string{e.UnreadLibrary, e.UnpostedLibrary} {
			if text != "" {
				i.incomplete = append(i.incomplete, text)
			}
		}
		return result, err
	}
	return Operation[Request, Result]{Name: name, Audience: who, IsChanging: isChanging, run: run}
}

// onSettings is an operation that needs no opened engine: it works also if something
// keeps the engine from being opened.
func onSettings[Request, Result any](name string, who Audience, do func(engine.Ports, context.Context, config.Settings, Request) (Result, error)) Operation[Request, Result] {
	run := func(ctx context.Context, i *Installation, r Request) (Result, error) {
		return do(i.Ports, ctx, i.Settings, r)
	}
	return Operation[Request, Result]{Name: name, Audience: who, run: run}
}

// onSettingsAlone is an operation that needs the settings file and leaves the data
// folder alone.
func onSettingsAlone[Request, Result any](name string, who Audience, isChanging bool, do func(engine.Ports, context.Context, config.Settings, Request) (Result, error)) Operation[Request, Result] {
	op := onSettings(name, who, do)
	op.IsChanging, op.NeedsNoData = isChanging, true
	return op
}

// A Description is what is known of an operation without its types.
type Description struct {
	Name string
	Audience
	IsChanging      bool
	Request, Result reflect.Type
}

func (o Operation[Request, Result]) describe() Description {
	return Description{o.Name, o.Audience, o.IsChanging, reflect.TypeFor[Request](), reflect.TypeFor[Result]()}
}

// An entry is an operation in the table.
type entry interface {
	describe() Description
	carryOut(ctx context.Context, i Installation, request []byte) Answer
}

// All describes the operations, in the order of the table.
func All() []Description {
	var all []Description
	for _, e := range table {
		all = append(all, e.describe())
	}
	return all
}

// find finds an operation by its name.
func find(name string) (entry, bool) {
	for _, e := range table {
		if e.describe().Name == name {
			return e, true
		}
	}
	return nil, false
}
