package attester

import (
	"slices"
	"strings"
	"testing"
)

func TestSplitCommand(t *testing.T) {
	for _, c := range []struct {
		command string
		want    []string
		says    string
	}{
		{`az  keyvault	sign`, []string{"az", "keyvault", "sign"}, ""},
		{`"C:\Program Files\sign.exe" 'a b' ""`, []string{`C:\Program Files\sign.exe`, "a b", ""}, ""},
		{`--name="a b"`, []string{"--name=a b"}, ""},
		{`sign 'a`, nil, "open quote"},
	} {
		got, err := splitCommand(c.command)
		if !slices.Equal(got, c.want) || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %q, %v", c.command, got, err)
		}
	}
}

func TestDecodeSignature(t *testing.T) {
	for text, want := range map[string]string{
		"+/8=\n": "\xfb\xff", "-_8": "\xfb\xff", "+/\r\n8=": "\xfb\xff",
	} {
		if got, err := decodeSignature([]byte(text)); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", " \n", "no signature!"} {
		if got, err := decodeSignature([]byte(text)); err == nil {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestASignerThatPrintsWithoutEndIsStopped(t *testing.T) {
	var out limited
	for range 5 {
		if _, err := out.Write(make([]byte, maxSignature/4)); err != nil {
			return
		}
	}
	t.Errorf("%d bytes were kept", out.Len())
}

func TestKeysAreNamedAfterTheirPerson(t *testing.T) {
	for person, want := range map[string]string{
		"Ada Lovelace": "ada-lovelace", "  Ada   L.": "ada-l", "Ωμέγα": "attester", strings.Repeat("a", 50): strings.Repeat("a", 40),
	} {
		if got := keyNameOf(person); got != want {
			t.Errorf("%q: %q, want %q", person, got, want)
		}
	}
}
