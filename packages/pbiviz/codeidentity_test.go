package pbiviz_test

import (
	"testing"

	"github.com/orgstore/orgstore/packages/pbiviz"
)

func TestWhichPackagesAreTheSameCode(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b pbiviz.CodeIdentity
		want bool
	}{
		{"the same content", pbiviz.CodeIdentity{Content: "h1:x"}, pbiviz.CodeIdentity{Content: "h1:x"}, true},
		{"other content", pbiviz.CodeIdentity{Content: "h1:x"}, pbiviz.CodeIdentity{Content: "h1:y"}, false},
		{"the same without the license", pbiviz.CodeIdentity{"h1:x", []string{"m1:a", "m1:b"}}, pbiviz.CodeIdentity{"h1:y", []string{"m1:b"}}, true},
		{"different without the license", pbiviz.CodeIdentity{"h1:x", []string{"m1:a"}}, pbiviz.CodeIdentity{"h1:y", []string{"m1:b"}}, false},
		{"nothing is known", pbiviz.CodeIdentity{}, pbiviz.CodeIdentity{}, false},
		{"an empty digest proves nothing", pbiviz.CodeIdentity{"h1:x", []string{""}}, pbiviz.CodeIdentity{"h1:y", []string{""}}, false},
		{"content is no digest without the license", pbiviz.CodeIdentity{Content: "m1:a"}, pbiviz.CodeIdentity{Unlicensed: []string{"m1:a"}}, false},
	} {
		if c.a.IsSame(c.b) != c.want || c.b.IsSame(c.a) != c.want {
			t.Errorf("%s: not %v both ways", c.name, c.want)
		}
	}
}
