package config

import "testing"

// The socket's path is taken from the file's folder, and is part of what the file
// says.
func TestSocketOfTheAgent(t *testing.T) {
	without, err := Parse("/etc/orgstore/orgstore.yaml", []byte(head))
	if err != nil || without.Agent.Socket != "" {
		t.Fatalf("%q, %v", without.Agent.Socket, err)
	}
	for written, want := range map[string]string{"run/orgstore.sock": "/etc/orgstore/run/orgstore.sock", "/run/orgstore/orgstore.sock": "/run/orgstore/orgstore.sock"} {
		s, err := Parse("/etc/orgstore/orgstore.yaml", []byte(head+"agent: {socket: "+written+"}\n"))
		if err != nil || s.Agent.Socket != want {
			t.Errorf("%s is %s, %v", written, s.Agent.Socket, err)
		}
		if s.Digest() == without.Digest() {
			t.Errorf("%s does not show in the digest", written)
		}
	}
}
