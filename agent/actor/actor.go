// Package actor knows who runs this program: it asks the operating system and
// nobody else. No flag and no variable has a say, for whoever starts a program
// chooses those.
package actor

import (
	"fmt"
	"os"
	"strconv"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/policies/approval"
)

// source is what journal entries say of where the actor's identity is from.
const source = "os"

// Unknown is the name of whoever runs this program in a user namespace.
const Unknown = "unknown, in a user namespace"

// Current returns the user as whom this process runs: uid or SID, the name that
// the system has for it, and the machine. A user without a name there, as in
// containers or where a directory service keeps the names, has only an ID. In a user
// namespace of Linux it is nobody known: the account is what its maker chose.
func Current() (journal.Actor, error) {
	isChosen, err := inOwnUserNamespace()
	if err != nil {
		return journal.Actor{}, fmt.Errorf("cannot tell who runs this program: %w", err)
	}
	if isChosen {
		a, err := here("", Unknown)
		a.Source = approval.SourceUnknown
		return a, err
	}
	id, name, err := identity()
	if err != nil {
		return journal.Actor{}, fmt.Errorf("cannot tell who runs this program: %w", err)
	}
	return here(id, name)
}

// Of returns an account of this machine, such as the kernel names for the other end
// of a socket, in the same form.
func Of(uid uint32) (journal.Actor, error) {
	id := strconv.FormatUint(uint64(uid), 10)
	name, err := nameOf(id)
	if err != nil {
		return journal.Actor{}, fmt.Errorf("cannot tell who the account %s is: %w", id, err)
	}
	return here(id, name)
}

func here(id, name string) (journal.Actor, error) {
	host, err := os.Hostname()
	if err != nil {
		return journal.Actor{}, fmt.Errorf("cannot tell on which machine this program runs: %w", err)
	}
	return journal.Actor{Source: source, ID: id, Name: name, Host: host}, nil
}
