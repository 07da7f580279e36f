package graph_test

import (
	"bytes"
	"compress/gzip"
	"testing"
)

// gzipBomb is a megabyte of nothing, in a thousand bytes.
func gzipBomb(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(bytes.Repeat([]byte(" "), 1<<20))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
