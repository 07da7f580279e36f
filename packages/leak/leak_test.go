package leak_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/orgstore/orgstore/packages/leak"
)

func token(head string) string {
	b := base64.RawURLEncoding.EncodeToString
	return b([]byte(head)) + "." + b([]byte(`{"appid":"5b1f7c1e"}`)) + ".c2lnbmF0dXJl"
}

func TestIn(t *testing.T) {
	jwt := token(`{"alg":"RS256","typ":"JWT"}`)
	for _, c := range []struct{ name, text, want string }{
		{"a token", "it said " + jwt + " to us", "a token"},
		{"a token without its signature", jwt[:strings.LastIndexByte(jwt, '.')], "a token"},
		{"a token cut off", jwt[:len(jwt)*2/3], "a token"},
		{"a header of HTTP", "Authorization: Bearer " + jwt, "a token, a bearer's token"},
		{"an opaque token", "authorization: bearer 0.AXoA-xyz123456789abc", "a bearer's token"},
		{"a form", "grant_type=x&client_" + "secret=Abc8Q~12345", "a secret member"},
		{"an answer", `{"access_` + `token": "opaque0123456"}`, "a secret member"},
		{"a download", "https://contoso.example/x?tempauth=v1.abcdef12", "an address that is signed"},
		{"a webhook", "https://contoso.example/x?a=1&sig=Abcdefgh%2b", "an address that is signed"},
		{"a key", "-----BEGIN EC " + "PRIVATE KEY-----", "a private key"},
		{"a key of age", "AGE-SECRET-" + "KEY-1QQQQQQQQ", "a private key"},
		{"one of a test", "x " + leak.Canary + "-of-the-app y", "a secret of a test"},

		{"a license's statement", "Bearer of: " + token(`{"alg":"EdDSA","kid":"k","typ":"visual-license+jwt"}`), ""},
		{"a token taken out", "Authorization: Bearer … (client_secret=…)", ""},
		{"prose", "the bearer authentication-scheme, client_secret: unchangeable", ""},
		{"a claims challenge", `Bearer realm="", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ"`, ""},
		{"settings", "sign_in: {type: secret, secret_file: secret.txt}", ""},
		{"a digest", "sha256:0123456789abcdef0123456789abcdef", ""},
	} {
		if got := strings.Join(leak.New().In(c.text), ", "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestFiles(t *testing.T) {
	text := &fstest.MapFile{Data: []byte("x\n" + token(`{"typ":"JWT"}`) + "\n")}
	got, err := leak.New().Files(fstest.MapFS{
		"b/page.html": text, "a.log": text, "key.pem": text, "c.json": {Data: []byte("{}")},
	})
	if want := []string{"a.log: a token", "b/page.html: a token"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
}
