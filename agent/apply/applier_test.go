package apply_test

import (
	"reflect"
	"testing"

	"github.com/orgstore/orgstore/agent/apply"
)

// TestApplierTakesNoFunctions: what an applier works with are values and small
// interfaces, which a reader can find and a test can stand in for.
func TestApplierTakesNoFunctions(t *testing.T) {
	for field := range reflect.TypeFor[apply.Applier]().Fields() {
		switch kind := field.Type.Kind(); {
		case kind == reflect.Func:
			t.Errorf("%s is a function", field.Name)
		case kind == reflect.Interface && field.Type.NumMethod() > 3:
			t.Errorf("%s has %d methods, more than three", field.Name, field.Type.NumMethod())
		}
	}
}
