package learn

import (
	"bytes"
	"mime"
	"strings"
)

// A part is one part of a multipart body.
type part struct {
	name, file, kind string
	isFile           bool
	value            string // garbled in many recordings, where it is a file
}

// parts reads a multipart body as far as a browser kept it.
func (x *exchange) parts() []part {
	if len(x.body) == 0 {
		var found []part
		for _, p := range x.params {
			found = append(found, part{name: p.Name, file: p.FileName, kind: p.Type, isFile: p.FileName != "", value: p.Value})
		}
		return found
	}
	_, params, err := mime.ParseMediaType(x.bodyType)
	boundary := params["boundary"]
	if err != nil || boundary == "" {
		line, _, _ := bytes.Cut(x.body, []byte("\n"))
		boundary = strings.TrimPrefix(strings.TrimSpace(string(line)), "--")
	}
	if boundary == "" {
		return nil
	}
	var found []part
	for i, text := range strings.Split("\r\n"+string(x.body), "\n--"+boundary) {
		if i == 0 || strings.HasPrefix(text, "--") {
			continue
		}
		if p, ok := readPart(text); ok {
			found = append(found, p)
		}
	}
	return found
}

func readPart(text string) (part, bool) {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "\r"), "\n")
	head, value, ok := strings.Cut(text, "\r\n\r\n")
	if !ok {
		if head, value, ok = strings.Cut(text, "\n\n"); !ok {
			head = text
		}
	}
	var p part
	for line := range strings.SplitSeq(head, "\n") {
		name, v, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch strings.ToLower(name) {
		case "content-disposition":
			_, params, err := mime.ParseMediaType(strings.TrimSpace(v))
			if err != nil {
				return part{}, false
			}
			p.name = params["name"]
			p.file, p.isFile = params["filename"]
		case "content-type":
			p.kind = strings.TrimSpace(v)
		}
	}
	p.value = strings.TrimSuffix(value, "\r")
	return p, p.name != "" || p.isFile
}
