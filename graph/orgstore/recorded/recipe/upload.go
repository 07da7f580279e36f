package recipe

import (
	"crypto/md5" // only where a recording shows Content-MD5
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"

	"github.com/orgstore/orgstore/packages/pbiviz"
)

// An Upload is the package that a change carries, and what it says of itself.
type Upload struct {
	File   []byte
	Values map[string]string // by PackageKinds, without file
}

func NewUpload(p *pbiviz.Package, name string) *Upload {
	m, file := p.Manifest(), p.File()
	sha, md := sha256.Sum256(file), md5.Sum(file)
	return &Upload{file, map[string]string{
		"base64": base64.StdEncoding.EncodeToString(file), "name": name, "size": strconv.Itoa(len(file)),
		"guid": m.GUID.String(), "store-guid": m.GUID.OrgStore(), "version": m.Version.String(),
		"sha256": hex.EncodeToString(sha[:]), "sha256-base64": base64.StdEncoding.EncodeToString(sha[:]),
		"md5-base64":   base64.StdEncoding.EncodeToString(md[:]),
		"display-name": m.DisplayName, "description": m.Description,
	}}
}
