package service

import "context"

// A Definition says what a service manager is to run, and what that needs.
type Definition struct {
	Settings string   // the settings file; absolute
	Data     string   // the data folder; absolute. The service alone reads it.
	Reads    []string // folders that it reads besides; absolute
	Writes   []string // folders that it writes to besides; absolute
	// Socket is where people are served by it; absolute, empty where they are not.
	Socket string
	// Credentials are files that the service reads, and its account may not.
	Credentials []Credential
}

// A Credential is a secret that the service manager hands to the service.
type Credential struct{ Name, File string }

// An Act is one thing that is done to a machine. What says it to people as a
// command: "write /etc/systemd/system/orgstore.service".
type Act struct {
	What string
	Do   func(context.Context) error
}

// A Status is what a service manager tells of the service.
type Status struct {
	Installed bool
	Running   bool
	Automatic bool   // it is started with the machine
	State     string // in the service manager's words
	Settings  string // the settings file it is installed with; empty if unknown
}

// Turn returns the act that turns an installed service on, or off; none where it is
// so already. Install is the command that a refusal advises.
func (s Status) Turn(on bool, install string, act Act) ([]Act, error) {
	switch {
	case !s.Installed:
		return nil, Refuse("missing", "the service is not installed", install)
	case s.Running == on:
		return nil, nil
	}
	return []Act{act}, nil
}

// A Refusal says why a service cannot be managed here as asked, and what to do.
type Refusal struct{ code, hint, text string }

// Refuse makes one. The code is that of the error, without the room in front.
func Refuse(code, text, hint string) *Refusal { return &Refusal{"service." + code, hint, text} }

func (r *Refusal) Error() string { return r.text }

// Code is stable.
func (r *Refusal) Code() string { return r.code }

// Hint is what to do.
func (r *Refusal) Hint() string { return r.hint }

// Nowhere is the service manager of systems without one that is known.
type Nowhere struct{ Why, Instead string }

func (n Nowhere) refusal() error { return Refuse("unsupported", n.Why, n.Instead) }

// Install refuses.
func (n Nowhere) Install(context.Context, Definition) ([]Act, error) { return nil, n.refusal() }

// Uninstall refuses.
func (n Nowhere) Uninstall(context.Context) ([]Act, error) { return nil, n.refusal() }

// Start refuses.
func (n Nowhere) Start(context.Context) ([]Act, error) { return nil, n.refusal() }

// Stop refuses.
func (n Nowhere) Stop(context.Context) ([]Act, error) { return nil, n.refusal() }

// Status refuses.
func (n Nowhere) Status(context.Context) (Status, error) { return Status{}, n.refusal() }

// Rights refuses.
func (n Nowhere) Rights() error { return n.refusal() }
