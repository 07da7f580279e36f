package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// processorTime is what a process has used of the processors so far, from
// proc(5): the fields utime and stime, in ticks of which Linux shows 100 a second.
func processorTime(pid int) (time.Duration, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false
	}
	// The second field is a name in parentheses, and may hold anything.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	const utime, stime = 14 - 3, 15 - 3
	if len(fields) <= stime {
		return 0, false
	}
	user, err1 := strconv.ParseInt(string(fields[utime]), 10, 64)
	system, err2 := strconv.ParseInt(string(fields[stime]), 10, 64)
	return time.Duration(user+system) * (time.Second / 100), err1 == nil && err2 == nil
}
