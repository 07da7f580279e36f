package graph_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph"
)

// newIdentity is a certificate and its key, in PEM.
func newIdentity(t *testing.T) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "orgstore"}, NotAfter: time.Now().Add(time.Hour)}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
}

func TestCertificateEnds(t *testing.T) {
	pfx, err := os.ReadFile(filepath.Join("testdata", "identity.pfx"))
	if err != nil {
		t.Fatal(err)
	}
	mine, other := newIdentity(t), newIdentity(t)
	block, _ := pem.Decode(other)
	file := func(b []byte) func() ([]byte, error) { return func() ([]byte, error) { return b, nil } }
	password := func(s string) func() (string, error) { return func() (string, error) { return s, nil } }
	for _, c := range []struct {
		name string
		in   graph.SignIn
		ends bool
		ok   bool
	}{
		{"PEM", graph.SignIn{Method: graph.ByCertificate, Certificate: file(mine)}, true, true},
		{"PFX", graph.SignIn{Method: graph.ByCertificate, Certificate: file(pfx), CertificatePassword: password("contoso")}, true, true},
		{"another's beside it", graph.SignIn{Method: graph.ByCertificate, Certificate: file(append(pem.EncodeToMemory(block), mine...))}, true, true},
		{"a wrong password", graph.SignIn{Method: graph.ByCertificate, Certificate: file(pfx), CertificatePassword: password(canary)}, false, false},
		{"no certificate", graph.SignIn{Method: graph.ByCertificate, Certificate: file([]byte(canary))}, false, false},
		{"no file", graph.SignIn{Method: graph.ByCertificate, Certificate: func() ([]byte, error) { return nil, os.ErrNotExist }}, false, false},
		{"a secret", graph.SignIn{Method: graph.BySecret}, false, true},
	} {
		ends, err := c.in.CertificateExpiry()
		if (err == nil) != c.ok || ends.IsZero() == c.ends {
			t.Errorf("%s: %v, %v", c.name, ends, err)
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%s: a secret is in %v", c.name, err)
		}
	}
}

func TestSignsInByEachMethod(t *testing.T) {
	pemBytes := newIdentity(t)
	pfx, err := os.ReadFile(filepath.Join("testdata", "identity.pfx"))
	if err != nil {
		t.Fatal(err)
	}
	federated := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(federated, []byte("workload-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	var shown string
	for _, c := range []struct {
		name string
		in   graph.SignIn
		sent url.Values // of the token request, some
	}{
		{"secret", graph.SignIn{Method: graph.BySecret, Secret: func() (string, error) { return canary, nil }},
			url.Values{"grant_type": {"client_credentials"}, "client_secret": {canary}}},
		{"certificate in PEM", graph.SignIn{Method: graph.ByCertificate, Certificate: func() ([]byte, error) { return pemBytes, nil }},
			url.Values{"grant_type": {"client_credentials"}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}},
		{"certificate in PFX", graph.SignIn{Method: graph.ByCertificate, Certificate: func() ([]byte, error) { return pfx, nil }, CertificatePassword: func() (string, error) { return "contoso", nil }},
			url.Values{"grant_type": {"client_credentials"}}},
		{"federated identity", graph.SignIn{Method: graph.ByFederatedIdentity, TokenFile: federated},
			url.Values{"grant_type": {"client_credentials"}, "client_assertion": {"workload-token"}}},
		{"device code", graph.SignIn{Method: graph.ByDeviceCode, Prompt: func(_ context.Context, m string) error { shown = m; return nil }},
			url.Values{"grant_type": {"device_code"}, "device_code": {"the-device"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.in.Client = client
			var login *server
			login = newAuthority(t, func(w http.ResponseWriter, r *http.Request, n int) {
				if strings.HasSuffix(r.URL.Path, "/devicecode") {
					fmt.Fprint(w, `{"user_code":"ABC","device_code":"the-device","verification_uri":"https://contoso/device","expires_in":900,"interval":0,"message":"enter ABC"}`)
					return
				}
				fmt.Fprintf(w, `{"token_type":"Bearer","scope":"%s/.default","expires_in":3600,"access_token":"t","id_token":"%s","client_info":"%s"}`, login.URL, idToken(), clientInfo())
			})
			conn := connectTo(t, login, login, func(o *graph.Options) { o.SignIn = c.in })
			token, err := conn.Token(t.Context(), graph.Graph)
			if err != nil || token.Token != "t" {
				t.Fatalf("got %v", err)
			}
			sent, _ := url.ParseQuery(login.bodies[len(login.bodies)-1])
			for k, v := range c.sent {
				if sent.Get(k) != v[0] {
					t.Errorf("sent %s = %q, want %q", k, sent.Get(k), v[0])
				}
			}
			if sent.Get("client_id") != client || !strings.Contains(sent.Get("scope"), login.URL+"/.default") && c.in.Method != graph.ByDeviceCode {
				t.Errorf("sent %v", sent)
			}
			if r := login.requestAt(0); !strings.HasPrefix(r.Header.Get("User-Agent"), "NONISV|") || r.Header.Get("Authorization") != "" {
				t.Errorf("asked as %v", r.Header)
			}
		})
	}
	if shown != "enter ABC" {
		t.Errorf("the person was shown %q", shown)
	}
}

func encodePart(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func idToken() string {
	return encodePart(`{"alg":"none"}`) + "." + encodePart(`{"oid":"o","tid":"`+contoso+`","preferred_username":"admin@contoso.com","sub":"s"}`) + "." + encodePart("x")
}

func clientInfo() string { return encodePart(`{"uid":"o","utid":"` + contoso + `"}`) }

func TestSignsInByManagedIdentity(t *testing.T) {
	metadata := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Identity-Header") != canary || r.URL.Query().Get("resource") != "https://graph.microsoft.com" || r.URL.Query().Get("client_id") != client {
			t.Errorf("asked %s with %v", r.URL, r.Header)
		}
		fmt.Fprintf(w, `{"access_token":"managed","expires_on":"%d","resource":"x","token_type":"Bearer"}`, time.Now().Add(time.Hour).Unix())
	}))
	defer metadata.Close()
	t.Setenv("IDENTITY_ENDPOINT", metadata.URL+"/msi/token") // as App Service sets them
	t.Setenv("IDENTITY_HEADER", canary)
	k, _ := graph.CloudNamed("public")
	c, err := graph.Connect(graph.Options{Cloud: k, SignIn: graph.SignIn{Method: graph.ByIdentity, Client: client},
		Proxy: &url.URL{Scheme: "http", Host: "proxy.invalid:3128"}}) // which this machine's own service is not asked through
	if err != nil {
		t.Fatal(err)
	}
	token, err := c.Token(t.Context(), graph.Graph)
	if err != nil || token.Token != "managed" {
		t.Errorf("got %v", err)
	}
	if _, err := c.PlainClient().Get(metadata.URL); err == nil {
		t.Error("anyone may ask without https")
	}
}

func TestSignsInByTheAzureCLI(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("az is a batch file there")
	}
	dir := t.TempDir()
	az := "#!/bin/sh\necho \"$@\" >> " + dir + "/asked\n" +
		"case $* in *fabric*) echo 'ERROR: AADSTS50076: a second factor is needed; " + canary + "' >&2; exit 1;; esac\n" +
		`echo '{"accessToken":"from-az","expires_on":` + fmt.Sprint(time.Now().Add(time.Hour).Unix()) + `,"tokenType":"Bearer"}'` + "\n"
	if err := os.WriteFile(filepath.Join(dir, "az"), []byte(az), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	k, _ := graph.CloudNamed("public")
	c, err := graph.Connect(graph.Options{Cloud: k, Tenant: contoso, SignIn: graph.SignIn{Method: graph.ByAzureCLI}})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if token, err := c.Token(t.Context(), graph.Graph); err != nil || token.Token != "from-az" {
			t.Fatal(err)
		}
	}
	asked, _ := os.ReadFile(filepath.Join(dir, "asked"))
	if strings.Count(string(asked), "\n") != 1 || !strings.Contains(string(asked), "--tenant "+contoso) || !strings.Contains(string(asked), "https://graph.microsoft.com") {
		t.Errorf("asked %s", asked)
	}
	if _, err = c.Token(t.Context(), graph.Fabric); codeOf(err) != "signin.user" {
		t.Errorf("got %v", err)
	}
	checkHarmless(t, err)
	t.Setenv("PATH", t.TempDir())
	if _, err = c.Token(t.Context(), graph.PowerBI); codeOf(err) != "signin.method" || !strings.Contains(err.(*graph.SignInError).Hint(), "az login") {
		t.Errorf("got %v", err)
	}
}

func TestSignsInByTheDefaultWay(t *testing.T) {
	t.Setenv("AZURE_TENANT_ID", contoso)
	t.Setenv("AZURE_CLIENT_ID", client)
	t.Setenv("AZURE_CLIENT_SECRET", canary)
	login := newAuthority(t, grantToken)
	c := connectTo(t, login, login, func(o *graph.Options) { o.SignIn = graph.SignIn{Method: graph.ByDefault} })
	if _, err := c.Token(t.Context(), graph.Graph); err != nil || login.tokenCount() != 1 {
		t.Errorf("asked %d times: %v", login.tokenCount(), err)
	}
	t.Setenv("AZURE_TOKEN_CREDENTIALS", "WorkloadIdentityCredential")
	c = connectTo(t, login, login, func(o *graph.Options) { o.SignIn = graph.SignIn{Method: graph.ByDefault} })
	if _, err := c.Token(t.Context(), graph.Graph); codeOf(err) != "signin.method" {
		t.Errorf("got %v", err)
	} else {
		checkHarmless(t, err)
	}
}

func TestOneTokenServesManyCalls(t *testing.T) {
	api := newServer(t, func(w http.ResponseWriter, r *http.Request, n int) { sayYes(w) })
	login := newAuthority(t, grantToken)
	k := newClock()
	k.now = time.Now()
	read := 0
	c := connectTo(t, api, login, func(o *graph.Options) {
		o.Clock = k
		o.Cloud.PowerBI = api.URL
		o.SignIn.Secret = func() (string, error) { read++; return canary, nil }
	})
	var wg sync.WaitGroup
	for range 50 {
		for _, s := range []graph.Service{graph.Graph, graph.PowerBI} {
			wg.Go(func() {
				if err := c.GetJSON(t.Context(), s, "/v1.0/x", nil, nil, new(any)); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	if login.tokenCount() != 2 || read != 1 {
		t.Errorf("%d tokens were asked for, and the secret read %d times", login.tokenCount(), read)
	}
	k.advance(54 * time.Minute)
	if _, err := getFromGraph(c, "/v1.0/x"); err != nil || login.tokenCount() != 2 {
		t.Errorf("%d tokens: %v", login.tokenCount(), err)
	}
}

func TestATokenOutlivesWhoAskedForIt(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	login := newAuthority(t, func(w http.ResponseWriter, r *http.Request, n int) {
		close(asked)
		<-answer
		grantToken(w, r, n)
	})
	c := connectTo(t, login, login)
	first, cancel := context.WithCancel(t.Context())
	results := make(chan error, 2)
	go func() { _, err := c.Token(first, graph.Graph); results <- err }()
	<-asked
	go func() { _, err := c.Token(t.Context(), graph.Graph); results <- err }()
	graph.WaitForTwo(c)
	cancel()
	if err := <-results; !errors.Is(err, context.Canceled) {
		t.Errorf("the first got %v", err)
	}
	close(answer)
	if err := <-results; err != nil || login.tokenCount() != 1 {
		t.Errorf("the second got %v", err)
	}
}

func TestWhatSignInLacks(t *testing.T) {
	for _, c := range []struct {
		aadsts int
		code   string
		hint   string
	}{
		{7000215, "signin.secret", "not its id"},
		{7000222, "signin.secret", "create a new one"},
		{700016, "signin.application", "client id"},
		{90002, "signin.tenant", "cloud"},
		{65001, "signin.consent", "grant admin consent"},
		{700027, "signin.certificate", "upload its public part"},
		{53003, "signin.policy", "sign-in logs"},
		{50034, "signin.user", "account of this tenant"},
		{500011, "signin.consent", "grant admin consent"},
		{700213, "signin.application", "Federated credentials"},
		{1234567, "signin.refused", "look up the code"},
	} {
		t.Run(fmt.Sprint(c.aadsts), func(t *testing.T) {
			login := newAuthority(t, denyToken(c.aadsts, "no, "+canary+". Trace ID: x"))
			conn := connectTo(t, login, login)
			err := conn.GetJSON(t.Context(), graph.Graph, "/v1.0/x", nil, nil, nil)
			var e *graph.SignInError
			if !errors.As(err, &e) || e.Code() != c.code || !strings.Contains(e.Hint(), c.hint) || e.AADSTS != fmt.Sprint(c.aadsts) || e.CorrelationID != "0f084df7-c13d-451b-af5f-ed0c466403b2" {
				t.Fatalf("got %v", err)
			}
			checkHarmless(t, err)
			if login.tokenCount() != 1 {
				t.Errorf("a refusal was asked for %d times", login.tokenCount())
			}
		})
	}
}

func TestATokenEndpointThatFails(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(w http.ResponseWriter, r *http.Request, n int)
		want   string
		times  int
	}{
		{"rubbish", func(w http.ResponseWriter, r *http.Request, n int) { fmt.Fprint(w, "<html>"+canary) }, "signin.unreachable", 1},
		{"an empty object", func(w http.ResponseWriter, r *http.Request, n int) { fmt.Fprint(w, "{}") }, "signin.unreachable", 1},
		{"a refusal that echoes", func(w http.ResponseWriter, r *http.Request, n int) {
			w.WriteHeader(400)
			fmt.Fprint(w, r.URL.String()+canary)
		}, "signin.unreachable", 1},
		{"endless", func(w http.ResponseWriter, r *http.Request, n int) {
			for {
				if _, err := fmt.Fprint(w, strings.Repeat(canary, 1000)); err != nil {
					return
				}
			}
		}, "signin.unreachable", 1},
		{"a redirect", func(w http.ResponseWriter, r *http.Request, n int) {
			http.Redirect(w, r, "https://127.0.0.1:1/"+canary, http.StatusTemporaryRedirect)
		}, "signin.unreachable", 1},
		{"503 for ever", func(w http.ResponseWriter, r *http.Request, n int) { w.WriteHeader(503) }, "signin.unreachable", 6},
		{"503 once", func(w http.ResponseWriter, r *http.Request, n int) {
			if n == 1 {
				w.WriteHeader(503)
				return
			}
			grantToken(w, r, n)
		}, "", 2},
		{"reset once", func(w http.ResponseWriter, r *http.Request, n int) {
			if n == 1 {
				panic(http.ErrAbortHandler)
			}
			grantToken(w, r, n)
		}, "", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			login := newAuthority(t, c.answer)
			conn := connectTo(t, login, login)
			_, err := conn.Token(t.Context(), graph.Graph)
			if c.want == "" && err == nil && login.tokenCount() == c.times {
				return
			}
			if codeOf(err) != c.want || login.tokenCount() != c.times {
				t.Fatalf("asked %d times: %v", login.tokenCount(), err)
			}
			checkHarmless(t, err)
		})
	}
}

func TestASecretFollowsNoRedirect(t *testing.T) {
	elsewhere := newServer(t, func(w http.ResponseWriter, r *http.Request, n int) { grantToken(w, r, n) })
	for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		login := newAuthority(t, func(w http.ResponseWriter, r *http.Request, n int) {
			http.Redirect(w, r, elsewhere.URL+"/token", status)
		})
		c := connectTo(t, login, login)
		if _, err := c.Token(t.Context(), graph.Graph); codeOf(err) != "signin.unreachable" || elsewhere.requestCount() != 0 {
			t.Errorf("%d: another host was asked %d times: %v", status, elsewhere.requestCount(), err)
		}
	}
}

func TestACorrelationIDIsOne(t *testing.T) {
	login := newAuthority(t, func(w http.ResponseWriter, r *http.Request, n int) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error_description":"AADSTS700016: no","correlation_id":"%s"}`, canary)
	})
	_, err := connectTo(t, login, login).Token(t.Context(), graph.Graph)
	var e *graph.SignInError
	if !errors.As(err, &e) || e.AADSTS != "700016" || e.CorrelationID != "" {
		t.Errorf("got %v", err)
	}
	checkHarmless(t, err)
}

func TestARenewedSecretIsFound(t *testing.T) {
	login := newAuthority(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 1 {
			denyToken(7000222, "expired")(w, r, n)
			return
		}
		grantToken(w, r, n)
	})
	var read atomic.Int32
	c := connectTo(t, login, login, func(o *graph.Options) {
		o.SignIn.Secret = func() (string, error) { read.Add(1); return canary, nil }
	})
	if _, err := c.Token(t.Context(), graph.Graph); codeOf(err) != "signin.secret" {
		t.Fatal(err)
	}
	if _, err := c.Token(t.Context(), graph.Graph); err != nil || read.Load() != 2 {
		t.Errorf("the secret was read %d times: %v", read.Load(), err)
	}
}

func TestSecretsThatAreOfNoUse(t *testing.T) {
	pemBytes := newIdentity(t)
	for _, c := range []struct {
		name string
		in   graph.SignIn
		code string
	}{
		{"a secret that cannot be read", graph.SignIn{Method: graph.BySecret, Secret: func() (string, error) { return canary, errors.New("no such file") }}, "signin.method"},
		{"an empty secret", graph.SignIn{Method: graph.BySecret, Secret: func() (string, error) { return "", nil }}, "signin.secret"},
		{"no certificate", graph.SignIn{Method: graph.ByCertificate, Certificate: func() ([]byte, error) { return []byte(canary), nil }}, "signin.certificate"},
		{"a certificate without its key", graph.SignIn{Method: graph.ByCertificate, Certificate: func() ([]byte, error) {
			b, _ := pem.Decode(pemBytes)
			return pem.EncodeToMemory(b), nil
		}}, "signin.certificate"},
		{"a workload without its token", graph.SignIn{Method: graph.ByFederatedIdentity, TokenFile: filepath.Join(t.TempDir(), "none")}, "signin.method"},
	} {
		t.Run(c.name, func(t *testing.T) {
			login := newAuthority(t, grantToken)
			c.in.Client = client
			conn := connectTo(t, login, login, func(o *graph.Options) { o.SignIn = c.in })
			_, err := conn.Token(t.Context(), graph.Graph)
			if codeOf(err) != c.code {
				t.Errorf("got %s: %v", codeOf(err), err)
			}
			checkHarmless(t, err)
		})
	}
}

func TestWhatConnectRefuses(t *testing.T) {
	public, _ := graph.CloudNamed("public")
	secret := graph.SignIn{Method: graph.BySecret, Client: client, Secret: func() (string, error) { return "", nil }}
	for _, c := range []struct {
		name string
		o    graph.Options
		says string
	}{
		{"no way to sign in", graph.Options{Cloud: public, Tenant: contoso}, "is not a sign-in method"},
		{"no tenant", graph.Options{Cloud: public, SignIn: secret}, "not the id of a tenant"},
		{"a tenant with a path", graph.Options{Cloud: public, Tenant: "a/b", SignIn: secret}, "not the id of a tenant"},
		{"no client", graph.Options{Cloud: public, Tenant: contoso, SignIn: graph.SignIn{Method: graph.BySecret, Secret: secret.Secret}}, "client id"},
		{"no secret", graph.Options{Cloud: public, Tenant: contoso, SignIn: graph.SignIn{Method: graph.BySecret, Client: client}}, "the secret"},
		{"no prompt", graph.Options{Cloud: public, Tenant: contoso, SignIn: graph.SignIn{Method: graph.ByDeviceCode, Client: client}}, "the prompt for the code"},
		{"no cloud", graph.Options{Tenant: contoso, SignIn: secret}, "login endpoint is not set"},
		{"no certificates", graph.Options{Cloud: public, Tenant: contoso, SignIn: secret, CAs: [][]byte{[]byte("none")}}, "the first trusted certificate"},
		{"a proxy without a host", graph.Options{Cloud: public, Tenant: contoso, SignIn: secret, Proxy: &url.URL{Path: "proxy"}}, "proxy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := graph.Connect(c.o); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}
