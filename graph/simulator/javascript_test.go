package simulator_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/orgstore/orgstore/graph/simulator"
	"github.com/orgstore/orgstore/graph/simulator/simulatortest"
)

// A client that knows nothing of this project shows whether the simulator is
// Graph to anybody but us.
func TestMicrosoftsJavaScriptClientUsesTheLibrary(t *testing.T) {
	dir := os.Getenv("ORGSTORE_JS_CLIENT")
	if dir == "" {
		t.Skip("ORGSTORE_JS_CLIENT does not name a folder into which npm installed testdata/client; .ci/run makes one")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("ORGSTORE_JS_CLIENT is set, and there is no node")
	}
	c := newClient(t, simulator.Options{Seed: 1, PageSize: 2})
	v := simulatortest.Visuals(t, c.simulator)
	for _, name := range []string{"a.pbiviz", "b.pbiviz", "c.pbiviz"} {
		uploadFile(t, v, name, name)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, c.simulator.CA(), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := json.Marshal(map[string]string{"graph": c.endpoints.Graph, "token": c.tokenFor(graphScope), "drive": v.DriveID})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, filepath.Join("testdata", "client", "main.mjs"))
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+ca)
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, &stderr)
	}
	var got map[string]any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	abc := []any{"a.pbiviz", "b.pbiviz", "c.pbiviz"}
	want := map[string]any{
		"listed": abc, "before": abc, "downloaded": true, "refused": "412 resourceModified", "gone": []any{true},
		"changed":  []any{"renamed.pbiviz"},
		"uploaded": map[string]any{"name": "large.pbiviz", "size": float64(2<<20 + 17), "ranges": float64(4)},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %s", strings.TrimSpace(string(out)))
	}
	for _, call := range c.simulator.UnexpectedCalls() {
		t.Errorf("%v", call)
	}
}
