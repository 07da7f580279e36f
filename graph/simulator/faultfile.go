package simulator

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// maxFaultFile bounds a file of rules, in bytes.
const maxFaultFile = 1 << 20

// A yamlFault is a Fault as people write it.
type yamlFault struct {
	Kind       string `yaml:"kind"`
	Service    string `yaml:"service"`
	Method     string `yaml:"method"`
	Path       string `yaml:"path"`
	Nth        int    `yaml:"nth"`
	Count      string `yaml:"count"`
	Status     int    `yaml:"status"`
	RetryAfter string `yaml:"retry_after"`
	AsDate     bool   `yaml:"as_date"`
	Delay      string `yaml:"delay"`
}

// ParseFaults parses rules in YAML:
//
//	faults:
//	  - { kind: throttle, service: graph, path: "/v1.0/drives/**", nth: 2, count: 3, retry_after: 5s }
//	  - { kind: slow, service: files, count: all, delay: 2s }
//
// The members are those of Fault. The count is a number or all. Unknown members
// are errors.
func ParseFaults(b []byte) ([]Fault, error) {
	if len(b) > maxFaultFile {
		return nil, fmt.Errorf("the rules have %d bytes; at most %d are read", len(b), maxFaultFile)
	}
	var file struct {
		Faults []yamlFault `yaml:"faults"`
	}
	if err := yaml.Load(b, &file, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("cannot read the rules: %w", err)
	}
	var all []Fault
	for i, r := range file.Faults {
		f, err := r.toFault()
		if err == nil {
			err = f.Check()
		}
		if err != nil {
			return nil, fmt.Errorf("rule %d: %w", i+1, err)
		}
		all = append(all, f)
	}
	return all, nil
}

func (r yamlFault) toFault() (Fault, error) {
	f := Fault{Kind: FaultKind(r.Kind), Service: r.Service, Method: strings.ToUpper(r.Method), Path: r.Path, Nth: r.Nth, Status: r.Status, AsDate: r.AsDate}
	switch r.Count {
	case "":
	case "all":
		f.Count = -1
	default:
		n, err := strconv.Atoi(r.Count)
		if err != nil || n < 1 {
			return f, fmt.Errorf("count is a number from 1, or all, not %q", r.Count)
		}
		f.Count = n
	}
	for _, d := range []struct {
		name, text string
		into       *time.Duration
	}{{"retry_after", r.RetryAfter, &f.RetryAfter}, {"delay", r.Delay, &f.Delay}} {
		if d.text == "" {
			continue
		}
		v, err := time.ParseDuration(d.text)
		if err != nil {
			return f, fmt.Errorf("%s is a duration such as 5s, not %q", d.name, d.text)
		}
		*d.into = v
	}
	return f, nil
}
