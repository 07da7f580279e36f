package engine

import (
	"context"
	"io/fs"
	"time"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/notify/mail"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/policies/plan"
)

// Ports is how the engine reaches the world outside. Main wires them in.
type Ports struct {
	Disk        disk.Disk
	OpenJournal func(ctx context.Context, path string) (journal.Log, error)
	// OpenTenant prepares the way to a tenant and asks nothing of it yet.
	OpenTenant func(s config.Settings, r Remote) (Tenant, error)
	Drivers    StoreDrivers
	Libraries  LibraryDrivers
	// Post posts to an address, which is a secret: whoever gets the same twice can
	// tell. Secret reads what settings say where it is.
	Post   func(ctx context.Context, s config.Settings, p Post) error
	Secret func(at config.Secret) (string, error)
	// Learn reads recordings; nil where the program cannot.
	Learn Recorder
	// Actor is who asks for what the engine does.
	Actor func() (journal.Actor, error)
	// ActorOf is an account of this machine, as the kernel names it.
	ActorOf func(uid uint32) (journal.Actor, error)
	Now     func() time.Time
	Env     func(string) string
	// Program names this program to others, as orgstore/1.2.3.
	Program string
	// Notes collects what people should know beside the result.
	Notes *Notes
	// Announce tells a person at once what the engine waits for: where to type a
	// device code, or a check that takes long. Nil makes it a note.
	Announce func(text string)
	// Progress is told which of several steps is about to be made.
	Progress func(n, of int, step plan.Step)
}

// progress says which of several steps is about to be made.
func (p Ports) progress(n, of int, step plan.Step) {
	if p.Progress != nil {
		p.Progress(n, of, step)
	}
}

// Write replaces a file, or leaves it as it was.
func (p Ports) Write(name string, perm fs.FileMode, text []byte) error {
	return files.Replace(p.Disk, files.File{Name: name, Perm: perm, Text: text})
}

// A Post is one request to a channel: the address is where the settings say.
type Post struct {
	To     config.Secret
	Header map[string]string
	Body   []byte
	// Patience is how long the answer may take; zero is half a minute.
	Patience time.Duration
}

// Mail is one mail.
type Mail = mail.Mail
