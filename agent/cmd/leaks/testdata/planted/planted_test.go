// Package planted prints what no test may print, for the test of the command
// that looks for it. Go leaves it out of ./... as it lies beneath testdata.
package planted

import (
	"encoding/base64"
	"fmt"
	"testing"
)

// token looks like one of Entra.
func token() string {
	b := base64.RawURLEncoding.EncodeToString
	return b([]byte(`{"typ":"JWT","alg":"RS256"}`)) + "." + b([]byte(`{"appid":"planted"}`)) + ".cGxhbnRlZA"
}

func TestQuiet(t *testing.T) { t.Log("nothing to see") }

func TestLogs(t *testing.T) { t.Log("asked with", token()) }

func TestPrints(t *testing.T) { fmt.Print("Authorization: Bearer ", token()) }

func TestNamed(t *testing.T) { t.Run(token(), func(*testing.T) {}) }
