package output

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jmespath/go-jmespath"
)

// A short query can ask for more than a machine ever does.
func TestEndlessQueriesEnd(t *testing.T) {
	data := []map[string]any{{"name": "Aurora Gauge"}, {"name": "Aurora Timeline"}}
	for name, query := range map[string]string{
		"lists that double":                "@" + strings.Repeat("|[@,@]", 30),
		"lists that double, and are flat":  "@" + strings.Repeat("|[@,@][]", 19),
		"objects that double":              "@" + strings.Repeat("|{a:@,b:@}", 30),
		"lists that double below each one": "[].[@" + strings.Repeat(",@", 60) + "]" + strings.Repeat(".[@,@][]", 12),
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			_, _, err := pick(query, data)
			if took := time.Since(began); took > 2*queryTime {
				t.Errorf("it took %s", took)
			}
			if err != nil && !errors.Is(err, ErrQuery) {
				t.Error(err)
			}
			t.Log(err)
		})
	}
	if found, picked, err := pick("[].name", data); err != nil || !picked || len(found.([]any)) != 2 {
		t.Errorf("a usual query: %v, %v", found, err)
	}
}

func TestAQueryIsGivenUp(t *testing.T) {
	q, err := jmespath.Compile("@" + strings.Repeat("|[@,@][]", 22))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	_, err = searchWithin(10*time.Millisecond, q, []any{1.0, 2.0})
	if err == nil || !strings.Contains(err.Error(), "took longer") || time.Since(began) > 2*time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
}
