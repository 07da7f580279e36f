package config

import (
	"strings"
	"testing"
	"time"
)

func TestHowLongAStoreMayBeUnreachable(t *testing.T) {
	const file = "version: 1\ntenant: 8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11\ndata: d\nlibrary: { folder: inbox }\nstore: { driver: folder, path: s%s }\n"
	for _, c := range []struct {
		more string
		want time.Duration // zero: it is refused
	}{{"", time.Hour}, {", unreachable: 30m", 30 * time.Minute}, {", unreachable: 2d", 48 * time.Hour}, {", unreachable: soon", 0}} {
		s, err := Parse("/etc/orgstore.yaml", []byte(strings.Replace(file, "%s", c.more, 1)))
		switch {
		case c.want == 0:
			if err == nil || !strings.Contains(err.Error(), "soon") {
				t.Errorf("%q: the error is %v", c.more, err)
			}
		case err != nil:
			t.Errorf("%q: %v", c.more, err)
		case s.Stores[0].Unreachable != c.want:
			t.Errorf("%q: %s, want %s", c.more, s.Stores[0].Unreachable, c.want)
		}
	}
}
