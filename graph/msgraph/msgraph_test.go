package msgraph_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/microsoftgraph/msgraph-sdk-go/drives"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/msgraph"
	"github.com/orgstore/orgstore/graph/tenanttest"
)

// getDrive asks for a drive, and returns its name or what went wrong.
func getDrive(t *testing.T, answer http.HandlerFunc) (string, error) {
	t.Helper()
	x := tenanttest.Start(t)
	x.Handle("graph /v1.0/drives/b!1", answer)
	c := msgraph.New(x.Connect())
	at := drives.NewDrivesRequestBuilderInternal(map[string]string{}, c).ByDriveId("b!1")
	d, err := msgraph.Get[drive](context.Background(), c, at.ToGetRequestInformation, nil)
	return d.Name, err
}

type drive struct {
	Name string `json:"name"`
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		header [2]string
		body   string
		want   string
		code   string // of the service
	}{
		{"a drive", 200, [2]string{"Content-Type", "application/json"}, `{"name":"Visuals","later":{"x":[1,null]}}`, "Visuals", ""},
		{"nothing", 204, [2]string{}, "", "", ""},
		{"a refusal", 404, [2]string{"Content-Type", "application/json"}, `{"error":{"code":"itemNotFound","message":"no"}}`, "", "itemNotFound"},
		{"a refusal that is a page", 503, [2]string{"Content-Type", "text/html"}, "<html>", "", ""},
		{"a refusal with nothing in it", 403, [2]string{}, "", "", ""},
		{"a challenge", 401, [2]string{"WWW-Authenticate", `Bearer realm="", claims="eyJ9"`}, "", "", ""},
		{"a challenge that is malformed", 401, [2]string{"WWW-Authenticate", `Bearer claims`}, "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := getDrive(t, func(w http.ResponseWriter, _ *http.Request) {
				if c.header[0] != "" {
					w.Header().Set(c.header[0], c.header[1])
				}
				w.WriteHeader(c.status)
				io.WriteString(w, c.body)
			})
			var refusal *graph.Error
			switch {
			case got != c.want:
				t.Errorf("got %q", got)
			case c.status < 400 && err != nil:
				t.Errorf("got %v", err)
			case c.status >= 400 && (!errors.As(err, &refusal) || refusal.Status != c.status || refusal.ErrCode != c.code):
				t.Errorf("got %#v", err)
			}
		})
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for _, body := range []string{"", "not JSON", `{"name":`, "[]", `"x"`, `{"name":5}`} {
		name, err := getDrive(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, body)
		})
		if name != "" {
			t.Errorf("%q gives %q, %v", body, name, err)
		}
		var refusal *graph.Error
		if err != nil && !errors.As(err, &refusal) {
			t.Errorf("%q gives %#v", body, err)
		}
	}
}

// The SDK's own way of trying again is off: the connection's is the only one.
func TestOnlyTheConnectionTriesAgain(t *testing.T) {
	tries := 0
	_, err := getDrive(t, func(w http.ResponseWriter, _ *http.Request) {
		tries++
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	if err == nil || tries != 2 { // as tenanttest says
		t.Errorf("%d tries, %v", tries, err)
	}
}

func TestRedirectsAreTheConnections(t *testing.T) {
	_, err := getDrive(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://evil.example/", http.StatusFound)
	})
	if err == nil || !strings.Contains(err.Error(), "https") {
		t.Errorf("got %v", err)
	}
}

// What a builder was given as an address may come from an answer.
func TestOnlyGraphIsAsked(t *testing.T) {
	x := tenanttest.Start(t)
	c := msgraph.New(x.Connect())
	for _, link := range []string{"https://evil.example/v1.0/drives/b!1", "http://graph.microsoft.com/v1.0/drives/b!1", "://"} {
		at := drives.NewDriveItemRequestBuilder(link, c)
		_, err := msgraph.Get[drive](context.Background(), c, at.ToGetRequestInformation, nil)
		var refusal *graph.Error
		if !errors.As(err, &refusal) || refusal.Status != 0 {
			t.Errorf("%s: got %v", link, err)
		}
	}
	if len(x.Requests()) > 0 {
		t.Errorf("asked %s", x.Requests())
	}
}
