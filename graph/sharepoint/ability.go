package sharepoint

import "github.com/orgstore/orgstore/packages/library"

// What this library can do besides.
var (
	_ library.Library   = (*Library)(nil)
	_ library.Poster    = (*Library)(nil)
	_ library.Uploader  = (*Library)(nil)
	_ library.Forgetter = (*Library)(nil)
)
