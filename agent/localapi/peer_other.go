//go:build !linux

package localapi

import "net"

// Supported says whether callers can be served on this system.
func Supported() error {
	return Refuse("unsupported", "take socket out of agent in the settings; on Windows every administrator comes under an account of their own without it",
		"callers are served through a socket on Linux alone")
}

func peer(net.Conn) (Caller, error) { return Caller{}, Supported() }

// Closed says whether a data folder is closed to this process.
func Closed(string) bool { return false }

// Owner is the account that a folder belongs to.
func Owner(string) (uint32, error) { return 0, Supported() }

// Group names the group of those who may call at a socket.
func Group(string) string { return "" }
