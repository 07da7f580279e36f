package graph

import "time"

// Limits bound what a call may cost. A zero field is its default.
type Limits struct {
	Tries   int           // of one call, the first included; default 6
	Wait    time.Duration // in all between one call's tries; default 10 minutes
	Answer  int64         // bytes of an answer in JSON or text; default 64 MiB
	File    int64         // bytes of any other answer; default 512 MiB
	Hosts   int           // requests at a time to one host; default 8
	Quotas  []Quota       // nil: Quotas(), Microsoft's published numbers
	Patient time.Duration // without any byte of an answer; default 1 minute
}

// A Quota is how much a service takes in a time.
type Quota struct {
	Name    string
	Service Service
	Method  string // empty: any
	Path    string // a pattern of the path, see Quotas
	Amount  int
	Window  time.Duration
	Source  string // who published the number
}
