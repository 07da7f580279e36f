package comparison

import (
	"slices"

	"github.com/orgstore/orgstore/packages/archive"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/visual"
)

// maxCached bounds the packages in memory, by the bytes of their files. A visual
// rarely has more than two megabytes.
const maxCached = 32 << 20

// A packageCache holds the packages that were read last: one that comes to several
// stores is compared with what each of them holds.
type packageCache struct {
	packages []*pbiviz.Package // the one that was used last comes last
}

// read returns a package of the archive.
func (c *packageCache) read(a *archive.Archive, digest visual.Digest) (*pbiviz.Package, error) {
	if i := slices.IndexFunc(c.packages, func(p *pbiviz.Package) bool { return p.Digest() == digest }); i >= 0 {
		p := c.packages[i]
		c.packages = append(slices.Delete(c.packages, i, i+1), p)
		return p, nil
	}
	file, err := a.Package(digest)
	if err != nil {
		return nil, err
	}
	p, err := pbiviz.Read(file, pbiviz.DefaultLimits())
	if err != nil {
		return nil, err
	}
	c.packages = append(c.packages, p)
	for size := c.size(); size > maxCached && len(c.packages) > 1; size = c.size() {
		c.packages = slices.Delete(c.packages, 0, 1)
	}
	return p, nil
}

func (c *packageCache) size() int {
	size := 0
	for _, p := range c.packages {
		size += len(p.File())
	}
	return size
}
