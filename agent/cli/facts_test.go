package cli

import (
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/tenant"
)

// What help shows of facts.yaml can be copied.
func TestTheFactsThatHelpShowsCanBeRead(t *testing.T) {
	_, shown, found := strings.Cut(newFacts(&globals{}).Long, "A facts.yaml:\n\n")
	if !found {
		t.Fatal("help shows none")
	}
	facts, err := tenant.ParseFacts("facts.yaml", []byte(strings.ReplaceAll("\n"+shown, "\n  ", "\n")))
	if err != nil || len(facts.Uses) != 1 || len(facts.Uses[0].Designers.Groups) != 1 {
		t.Fatalf("%+v, %v", facts.Uses, err)
	}
}
