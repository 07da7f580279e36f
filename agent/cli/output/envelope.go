package output

import (
	"bytes"
	"fmt"
	"io"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// SchemaVersion is the number of the envelope's form. Members are added without
// raising it; none is renamed or removed.
const SchemaVersion = 1

// A Status says whether a command did what was asked.
type Status string

// The statuses.
const (
	Success Status = "Success"
	Failed  Status = "Failure"
)

// An Envelope is what every command writes as JSON. Its members are always
// there; message, error_code and hint are empty where there is nothing to say.
type Envelope struct {
	SchemaVersion int       `json:"schema_version"`
	Timestamp     time.Time `json:"timestamp"`
	Command       string    `json:"command"`
	Status        Status    `json:"status"`
	Result        Result    `json:"result"`
}

// A Result is what came out.
type Result struct {
	// Data is null where there is none. A list is always an array, also an
	// empty one and one of a single item.
	Data      any    `json:"data"`
	Message   string `json:"message"`
	ErrorCode string `json:"error_code"`
	Hint      string `json:"hint"`
}

func writeEnvelope(w io.Writer, e Envelope) error {
	e.SchemaVersion = SchemaVersion
	e.Timestamp = e.Timestamp.Truncate(time.Second)
	b, err := marshal(e, jsontext.WithIndent("  "))
	if err != nil {
		return fmt.Errorf("cannot write the result of %s as JSON: %w", e.Command, err)
	}
	_, err = w.Write(append(escapeText(b), '\n'))
	return err
}

// marshal writes JSON: lists without items as [], times in UTC (the zero time
// as null), durations as text such as 4h0m0s. Bytes that are not UTF-8 become
// U+FFFD, since a visual's name must not keep a report from being written.
func marshal(v any, more ...jsontext.Options) ([]byte, error) {
	options := []jsontext.Options{
		json.WithMarshalers(json.JoinMarshalers(
			json.MarshalToFunc(func(e *jsontext.Encoder, t time.Time) error {
				if t.IsZero() {
					return e.WriteToken(jsontext.Null)
				}
				return e.WriteToken(jsontext.String(t.UTC().Format(time.RFC3339Nano)))
			}),
			json.MarshalToFunc(func(e *jsontext.Encoder, d time.Duration) error {
				return e.WriteToken(jsontext.String(d.String()))
			}),
		)),
		json.Deterministic(true),
		jsontext.AllowInvalidUTF8(true),
	}
	return json.Marshal(v, append(options, more...)...)
}

// escapeText writes the characters that Safe escapes as JSON's \u escapes, so
// that JSON on a terminal is as harmless as a table and means the same.
func escapeText(b []byte) []byte {
	var out bytes.Buffer
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == '\n' || unicode.IsGraphic(r) && r != utf8.RuneError:
			out.Write(b[:n])
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
		b = b[n:]
	}
	return out.Bytes()
}
