package main

import (
	"bytes"
	"os"
	"testing"
)

// The linker leaves out what nothing calls, and a single read of a single model
// keeps the methods of thousands (decision 0009). This test's own program holds
// all that orgstore does, and the names of functions stand in it even when it is
// stripped: they are written out, since text that is put together here does not
// stand in it as a whole.
func TestGraphModelsAreNotLinked(t *testing.T) {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	methods := func(of string) int {
		return bytes.Count(program, []byte("github.com/microsoftgraph/msgraph-sdk-go/"+of+".(*"))
	}
	if methods("drives") == 0 {
		t.Error("no method of a request builder is found: this test looks in the wrong way")
	}
	if n := methods("models"); n > 0 {
		t.Errorf("the program holds %d methods of the Graph SDK's models: something calls a builder's Get, Post, Put or Patch, or one of the models; use To…RequestInformation and graph/msgraph", n)
	}
}
