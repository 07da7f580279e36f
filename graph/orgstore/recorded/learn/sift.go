package learn

import (
	"net/http"
	"strings"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
)

// sift leaves out what is on other hosts, static, telemetry or failed.
func (l *learner) sift(r Recording) {
	elsewhere := 0
	for _, x := range r.all {
		switch p := l.hosts.KindOf(x.url); {
		case x.method == http.MethodOptions || x.status == 0:
		case p == recipe.NoHost:
			elsewhere++
		case static(x) || telemetry(x):
		default:
			l.all = append(l.all, x)
			l.token = l.token || bearer(x)
		}
	}
	if elsewhere > 0 {
		l.note("%d requests to hosts that are not the portal's are ignored", elsewhere)
	}
}

func bearer(x *exchange) bool { return x.header.Get("Authorization") != "" }

func static(x *exchange) bool {
	if x.method != http.MethodGet {
		return false
	}
	switch x.kind {
	case "script", "stylesheet", "image", "font", "media", "manifest":
		return true
	}
	for _, kind := range []string{"image/", "font/", "audio/", "video/", "text/css", "text/javascript", "application/javascript", "application/x-javascript", "application/wasm"} {
		if strings.HasPrefix(x.answerType, kind) {
			return true
		}
	}
	return false
}

// telemetry says whether a request tells how the page is used. Words of its
// path decide; what it carries does not.
func telemetry(x *exchange) bool {
	if x.kind == "ping" || x.kind == "beacon" {
		return true
	}
	for part := range strings.SplitSeq(strings.ToLower(x.url.Path), "/") {
		switch part {
		case "telemetry", "telemetries", "track", "beacon", "collect", "onecollector", "logs", "clientlogs", "log", "metrics", "rum", "usage":
			return true
		}
	}
	return false
}

func changing(x *exchange) bool {
	return x.method != http.MethodGet && x.method != http.MethodHead
}

func ok(x *exchange) bool { return x.status >= 200 && x.status < 400 }
