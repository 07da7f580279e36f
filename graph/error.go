package graph

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
)

// An Error is an answer with an error status, or a missing answer. It never
// holds a token, a secret, or a URL's query.
type Error struct {
	Service         Service
	Op              string // such as "GET /v1.0/organization"
	Status          int    // 0: no answer
	ErrCode         string // the service's own code, such as itemNotFound
	Message         string // the service's own message, shortened
	RequestID       string
	ClientRequestID string
	RetryAfter      time.Duration // how long the service, or our own quota, asks to wait; 0: not at all
	Location        string        // of a 410, the link to start again from; opaque, never shown
	Err             error         // the cause; may be nil
}

// Error returns the message in one line. It reads well after "cannot …: ".
func (e *Error) Error() string {
	parts := []string{e.Op}
	add := func(s string) {
		if s != "" {
			parts = append(parts, s)
		}
	}
	who := e.Service.Title()
	if who == "" {
		who = "the service"
	}
	switch {
	case e.Status != 0:
		add(strings.TrimSpace(fmt.Sprintf("%s answered %d %s", who, e.Status, http.StatusText(e.Status))))
	case e.Code() == "graph.unreachable":
		add(who + " did not answer")
	}
	add(e.ErrCode)
	add(e.Message)
	if e.Err != nil {
		add(redact(e.Err.Error()))
	}
	text := strings.Join(parts, ": ")
	switch {
	case e.RequestID != "":
		text += " (request " + e.RequestID + ")"
	case e.ClientRequestID != "":
		text += " (client request " + e.ClientRequestID + ")"
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Code is stable: graph.denied, graph.missing, graph.throttled,
// graph.unreachable, graph.too_large, graph.canceled, or graph.invalid.
func (e *Error) Code() string {
	var large *tooLargeError
	var full *quotaError
	var refused *notSentError
	switch {
	case errors.Is(e.Err, context.Canceled):
		return "graph.canceled"
	case errors.As(e.Err, &large):
		return "graph.too_large"
	case errors.As(e.Err, &full):
		return "graph.throttled"
	case errors.As(e.Err, &refused), errors.Is(e.Err, errUnreadable):
		return "graph.invalid"
	}
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "graph.denied"
	case http.StatusNotFound, http.StatusGone:
		return "graph.missing"
	case http.StatusTooManyRequests:
		return "graph.throttled"
	case http.StatusServiceUnavailable:
		if e.RetryAfter > 0 {
			return "graph.throttled"
		}
		return "graph.unreachable"
	case 0, http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
		return "graph.unreachable"
	}
	return "graph.invalid"
}

// Hint says what to do about it. It may be empty.
func (e *Error) Hint() string {
	var cert *tls.CertificateVerificationError
	switch e.Code() {
	case "graph.denied":
		return deniedHint(e.Service, e.Op)
	case "graph.throttled":
		if e.RetryAfter > 0 {
			return fmt.Sprintf("wait %s, and check which other programs use the same application", e.RetryAfter.Round(time.Second))
		}
		return "wait some minutes, and check which other programs use the same application"
	case "graph.unreachable":
		if errors.As(e.Err, &cert) {
			return "if your proxy inspects TLS connections, add its certificate to the trusted certificates in the settings"
		}
		if e.Status == 0 {
			return "check the network, the proxy, and the cloud in the settings"
		}
		return "try again later; if the error persists, check the service health in the admin center"
	}
	return ""
}

// errUnreadable says that an answer is not what its API promises.
var errUnreadable = errors.New("the answer cannot be read")

// WrapError turns an error of one of the connection's clients into an *Error or
// a *SignInError, neither of which shows a URL. The operation is for people and
// has no query. WrapError returns nil for nil.
func WrapError(s Service, op string, err error) error {
	var known *Error
	var signIn *SignInError
	var tried *noResponseError
	var full *quotaError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &signIn):
		return signIn
	case errors.As(err, &known):
		return known
	}
	e := &Error{Service: s, Op: op, Err: unwrapURLError(err)}
	if errors.As(err, &tried) {
		e.ClientRequestID, e.Err = tried.requestID, tried.err
		if tried.tries > 1 {
			e.Err = fmt.Errorf("%w, after %d tries", tried.err, tried.tries)
		}
	}
	if errors.As(err, &full) {
		e.RetryAfter = full.wait
	}
	return e
}

// CheckResponse returns an *Error for a response with a status of 400 or above.
// It then reads a bounded part of the body and closes it. For any other
// response it returns nil and leaves the body open.
func CheckResponse(s Service, op string, resp *http.Response) error {
	if resp.StatusCode < 400 {
		return nil
	}
	defer resp.Body.Close()
	e := &Error{Service: s, Op: op, Status: resp.StatusCode, ClientRequestID: resp.Header.Get("Client-Request-Id")}
	for _, h := range []string{"Request-Id", "RequestId", "X-Ms-Request-Id", "SPRequestGuid"} {
		if e.RequestID == "" {
			e.RequestID = cleanText(resp.Header.Get(h), 64)
		}
	}
	e.ClientRequestID = cleanText(e.ClientRequestID, 64)
	e.RetryAfter, _ = requestedWait(resp, time.Now())
	if resp.StatusCode == http.StatusGone {
		e.Location = resp.Header.Get("Location")
	}
	raw, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	e.readBody(raw)
	return e
}

// readBody reads the service's own error code and message. Graph and Power BI
// wrap them in an error object, Fabric does not (documented in their
// descriptions). Anything else is ignored.
func (e *Error) readBody(raw []byte) {
	var answer struct {
		Error struct {
			Code       string `json:"code"`
			Message    string `json:"message"`
			InnerError struct {
				RequestID string `json:"request-id"`
				Code      string `json:"code"`
			} `json:"innerError"`
		} `json:"error"`
		ErrorCode string `json:"errorCode"`
		Message   string `json:"message"`
		RequestID string `json:"requestId"`
	}
	if json.Unmarshal(raw, &answer) != nil {
		return
	}
	first := func(all ...string) string {
		for _, s := range all {
			if s != "" {
				return s
			}
		}
		return ""
	}
	e.ErrCode = cleanText(first(answer.Error.Code, answer.ErrorCode), 100)
	if deeper := cleanText(answer.Error.InnerError.Code, 100); e.Status == http.StatusGone && deeper != "" {
		e.ErrCode = deeper // of resyncRequired: which of the two kinds
	}
	e.Message = cleanText(first(answer.Error.Message, answer.Message), 300)
	e.RequestID = first(e.RequestID, cleanText(first(answer.Error.InnerError.RequestID, answer.RequestID), 64))
}

// cleanText shortens foreign text to one printable line without secrets.
func cleanText(s string, most int) string {
	s = redact(strings.ToValidUTF8(s, "?"))
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || !unicode.IsPrint(r) && r != ' ' {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

var (
	tokenPattern  = regexp.MustCompile(`eyJ[\w-]+(\.[\w-]*)*`)
	secretPattern = regexp.MustCompile(`(?i)(bearer|tempauth|access_token|client_secret|client_assertion|refresh_token|sig)(["']?\s*[:= ]\s*["']?)[^\s"'&,;]+`)
	userPattern   = regexp.MustCompile(`://[^/\s@"']+@`)
	queryPattern  = regexp.MustCompile(`(https?://[^\s"'?]+)\?[^\s"']*`)
)

// redact removes whatever looks like a token, and the query and user of every
// URL.
func redact(s string) string {
	s = userPattern.ReplaceAllString(s, "://…@")
	s = queryPattern.ReplaceAllString(s, "$1?…")
	s = secretPattern.ReplaceAllString(s, "$1$2…")
	return tokenPattern.ReplaceAllString(s, "…")
}
