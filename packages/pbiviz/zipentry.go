package pbiviz

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"errors"
	"hash/crc32"
	"io"
	"math/bits"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// checkFeatures says whether an entry uses only what every reader understands in the
// same way, and notes what only the tolerant tier admits.
func (r *record) checkFeatures() error {
	const known = flagDeflateHint | flagDescriptor | flagUTF8
	switch {
	case r.flags&flagEncrypted != 0:
		return refuse(zipFeature, "the entry %s is encrypted", quote(r.name))
	case r.flags&^known != 0:
		return refuse(zipFeature, "the entry %s uses a feature of ZIP that packages do not have (flags %#04x)", quote(r.name), r.flags)
	case r.method != methodStored && r.method != methodDeflated:
		return refuse(zipFeature, "the entry %s is packed with method %d; only stored and deflated are allowed", quote(r.name), r.method)
	case r.packedSize == 0xffffffff || r.size == 0xffffffff || r.offset == 0xffffffff:
		return refuse(zipFeature, "the entry %s is a ZIP64 entry", quote(r.name))
	case r.versionNeeded != 10 && r.versionNeeded != 20:
		return refuse(zipFeature, "the entry %s asks for version %d.%d of ZIP; only 1.0 and 2.0 are allowed", quote(r.name), r.versionNeeded/10, r.versionNeeded%10)
	case le16(r.central[36:])&^1 != 0:
		return refuse(zipFeature, "the entry %s has internal attributes that packages do not have", quote(r.name))
	case r.method == methodStored && r.flags&flagDeflateHint != 0:
		return refuse(zipFeature, "the entry %s is stored and has flags of deflated entries", quote(r.name))
	case r.method == methodStored && r.size != r.packedSize:
		return refuse(zipStream, "the entry %s is stored as %d bytes and declared as %d", quote(r.name), r.packedSize, r.size)
	}
	if err := r.checkType(); err != nil {
		return err
	}
	r.isTolerant = r.flags&(flagDeflateHint|flagDescriptor) != 0 || le16(r.central[36:]) != 0 ||
		r.creator != creatorDOS && r.creator != creatorUnix || r.isDir() && r.method == methodDeflated
	return r.checkExtra(r.extra, false)
}

// The packager's JSZip writes these two, for its two platforms.
const (
	creatorDOS  = 0x0014
	creatorUnix = 0x031e
)

// emptyStream is how many bytes nothing deflates to: Java packs directories, too.
const emptyStream = 2

// checkType refuses all but regular files and directories. The upper half of
// the attributes is a Unix mode whoever the creator is: some readers look at it
// without asking.
func (r *record) checkType() error {
	const (
		dosVolume, dosDir, dosDevice, dosReparse = 0x08, 0x10, 0x40, 0x400
		unixType, unixDir, unixFile, unixSpecial = 0o170000, 0o040000, 0o100000, 0o007000
	)
	switch host := r.creator >> 8; host {
	case 0, 3, 10, 14, 19: // FAT, Unix, NTFS, VFAT, macOS
	default:
		return refuse(zipType, "the entry %s was made for a system whose file types are not known here (%d)", quote(r.name), host)
	}
	mode := r.external >> 16
	if r.external&(dosVolume|dosDevice|dosReparse) != 0 || mode&unixSpecial != 0 {
		return refuse(zipType, "the entry %s is not a plain file: it is a link or device, or has special rights", quote(r.name))
	}
	want := uint32(unixFile)
	if r.isDir() {
		want = unixDir
	}
	if t := mode & unixType; t != 0 && t != want || r.external&dosDir != 0 && !r.isDir() {
		return refuse(zipType, "the entry %s is not of the type that its name says", quote(r.name))
	}
	isEmpty := r.packedSize == 0 && r.method == methodStored || r.packedSize == emptyStream && r.method == methodDeflated
	if r.isDir() && (r.size != 0 || r.crc != 0 || !isEmpty) {
		return refuse(zipType, "the entry %s is a directory and holds data", quote(r.name))
	}
	return nil
}

// The extra fields that zip tools leave behind and that change nothing.
const (
	extraZIP64    = 0x0001
	extraNTFS     = 0x000a // times
	extraUnixTime = 0x5455
	extraUnixIDs  = 0x7875
	extraOldUnix  = 0x5855 // of Info-ZIP and of macOS, some years ago
	extraJava     = 0xcafe // "this is a JAR"
)

// checkExtra admits the harmless extra fields in their documented shape, each
// at most once.
func (r *record) checkExtra(extra []byte, local bool) error {
	var seen []uint16
	for len(extra) > 0 {
		r.isTolerant = true
		if len(extra) < 4 || len(extra) < 4+int(le16(extra[2:])) {
			return refuse(zipExtra, "the entry %s has a damaged extra field", quote(r.name))
		}
		id, data := le16(extra), extra[4:4+int(le16(extra[2:]))]
		if id == extraZIP64 {
			return refuse(zipFeature, "the entry %s is a ZIP64 entry", quote(r.name))
		}
		if slices.Contains(seen, id) || !isHarmlessExtra(id, data, local) {
			return refuse(zipExtra, "the entry %s has an extra field %#04x that may change its meaning", quote(r.name), id)
		}
		seen = append(seen, id)
		extra = extra[4+len(data):]
	}
	return nil
}

func isHarmlessExtra(id uint16, data []byte, local bool) bool {
	switch id {
	case extraNTFS: // four reserved bytes, then the attribute of three times
		return len(data) == 32 && le16(data[4:]) == 1 && le16(data[6:]) == 24
	case extraUnixTime: // flags, then a time for each; the directory repeats only the first
		if len(data) == 0 || data[0]&^7 != 0 {
			return false
		}
		all, first := 1+4*bits.OnesCount8(data[0]), 1+4*int(data[0]&1)
		return len(data) == all || !local && len(data) == first
	case extraUnixIDs: // version, then user and group, each behind its length
		if len(data) < 3 || data[0] != 1 || data[1] > 8 {
			return false
		}
		uid := int(data[1])
		return len(data) >= 3+uid && data[2+uid] <= 8 && len(data) == 3+uid+int(data[2+uid])
	case extraOldUnix: // two times; before the entry, perhaps user and group too
		return len(data) == 8 || local && len(data) == 12
	case extraJava:
		return len(data) == 0
	}
	return false
}

// checkNames refuses names that readers or file systems understand in several
// ways, and names that they cannot tell apart.
func checkNames(records []record, l Limits) error {
	files := make(map[string]bool, len(records)) // folded name to: is a regular file
	for _, r := range records {
		folded := strings.TrimSuffix(foldName(r.name), "/")
		if _, ok := files[folded]; ok {
			return refuse(zipDuplicate, "the ZIP has the entry %s twice, perhaps in another spelling", quote(r.name))
		}
		files[folded] = !r.isDir()
	}
	for _, r := range records {
		if len(r.name) > l.NameLength {
			return refuse(zipLimit, "an entry's name has %d characters; at most %d are allowed", len(r.name), l.NameLength)
		}
		if fault := nameFault(strings.TrimSuffix(r.name, "/")); fault != "" {
			return refuse(zipName, "the entry name %s is not allowed: %s", quote(r.name), fault)
		}
		folded := foldName(r.name)
		for i := strings.LastIndexByte(strings.TrimSuffix(folded, "/"), '/'); i > 0; i = strings.LastIndexByte(folded[:i], '/') {
			if files[folded[:i]] {
				return refuse(zipName, "the entry name %s is not allowed: it uses the file %s as a directory", quote(r.name), quote(r.name[:i]))
			}
		}
	}
	return nil
}

// foldName gives names that some system takes for one the same text.
func foldName(name string) string {
	for i := range len(name) {
		if name[i] >= 0x80 {
			return norm.NFC.String(strings.ToLower(strings.ToUpper(norm.NFC.String(name))))
		}
	}
	return strings.ToLower(name)
}

// nameFault says what is wrong with the path of a file inside a package, or
// nothing. One spelling is canonical: printable ASCII, parts separated by one
// slash, and every part a name that all file systems can hold.
func nameFault(name string) string {
	if name == "" {
		return "it is empty"
	}
	for i := range len(name) {
		switch c := name[i]; {
		case c < ' ' || c > '~':
			return "it has a character that is not printable ASCII"
		case strings.IndexByte(`\:*?"<>|`, c) >= 0:
			return "it has the character " + string(rune(c))
		}
	}
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "" || part == "." || part == "..":
			return "it is not a plain path below the package"
		case strings.HasSuffix(part, ".") || strings.HasSuffix(part, " "):
			return "a part of it ends with a dot or a space"
		case isDeviceName(part):
			return "Windows reserves a part of it for a device"
		}
	}
	return ""
}

// isDeviceName says whether Windows takes a name for a device, as it does with
// any ending.
func isDeviceName(part string) bool {
	stem, _, _ := strings.Cut(part, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
		return true
	}
	return len(stem) == 4 && (stem[:3] == "COM" || stem[:3] == "LPT") && stem[3] >= '0' && stem[3] <= '9'
}

// A inflater inflates entries one after another.
type inflater struct{ reader io.ReadCloser }

// chunk is inflated, summed and hashed at a time, while it is in the cache.
const chunk = 32 << 10

// readBody returns the entry's body and its SHA-256. A stored body aliases the file.
func (f *inflater) readBody(r *record) ([]byte, [sha256.Size]byte, error) {
	var sum [sha256.Size]byte
	body, crc := r.data, uint32(0)
	if r.method == methodStored {
		sum, crc = sha256.Sum256(body), crc32.ChecksumIEEE(body)
	} else {
		var err error
		if body, sum, crc, err = f.inflate(r); err != nil {
			return nil, sum, err
		}
	}
	if crc != r.crc {
		return nil, sum, refuse(zipCRC, "the checksum of the entry %s is wrong: the file was damaged or changed", quote(r.name))
	}
	return body, sum, nil
}

// inflate takes exactly the declared bytes from exactly the packed ones.
func (f *inflater) inflate(r *record) (body []byte, sum [sha256.Size]byte, crc uint32, err error) {
	src := bytes.NewReader(r.data) // an io.ByteReader: flate takes no byte too many
	if f.reader == nil {
		f.reader = flate.NewReader(src)
	} else if err := f.reader.(flate.Resetter).Reset(src, nil); err != nil {
		return nil, sum, 0, err
	}
	hash := sha256.New()
	body = make([]byte, r.size)
	for done := 0; done < len(body); {
		n, err := f.reader.Read(body[done:min(done+chunk, len(body))])
		hash.Write(body[done : done+n])
		crc = crc32.Update(crc, crc32.IEEETable, body[done:done+n])
		done += n
		if err != nil && (err != io.EOF || done < len(body)) {
			return nil, sum, 0, badStream(r, err)
		}
	}
	var one [1]byte
	if n, err := f.reader.Read(one[:]); n != 0 || !errors.Is(err, io.EOF) {
		return nil, sum, 0, badStream(r, err)
	}
	if src.Len() != 0 {
		return nil, sum, 0, refuse(zipStream, "the entry %s has %d bytes behind the end of its data", quote(r.name), src.Len())
	}
	hash.Sum(sum[:0])
	return body, sum, crc, nil
}

func badStream(r *record, err error) error {
	switch {
	case err == nil:
		return refuse(zipStream, "the entry %s inflates to more than the %d bytes it declares", quote(r.name), r.size)
	case errors.Is(err, io.EOF):
		return refuse(zipStream, "the entry %s inflates to less than the %d bytes it declares", quote(r.name), r.size)
	}
	return refuse(zipStream, "the data of the entry %s cannot be inflated: %v", quote(r.name), err)
}
