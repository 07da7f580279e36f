package pbiviz

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// The ZIP is read by our own parser, because general ones are lenient in
// different ways: archive/zip finds one package.json where the JSZip of
// Microsoft's packager finds another. Here every byte of the file belongs to
// exactly one thing, so that all readers see the same package or none does.

const (
	localSignature      = "PK\x03\x04"
	centralSignature    = "PK\x01\x02"
	descriptorSignature = "PK\x07\x08"
	endSignature        = "PK\x05\x06"
	locator64Signature  = "PK\x06\x07"

	localSize      = 30
	centralSize    = 46
	descriptorSize = 16
	endSize        = 22
	locator64Size  = 20
)

const (
	flagEncrypted   = 1 << 0
	flagDeflateHint = 3 << 1 // how hard the packer tried; no reader acts on it
	flagDescriptor  = 1 << 3
	flagUTF8        = 1 << 11

	methodStored   = 0
	methodDeflated = 8
)

// A record is one entry as the central directory describes it.
type record struct {
	name             string
	central          []byte // the whole central record
	extra            []byte
	local            []byte // the whole local part: header, data, descriptor
	creator          uint16
	versionNeeded    uint16
	flags            uint16
	method           uint16
	crc              uint32
	packedSize, size int64
	external         uint32
	offset           int64
	data             []byte // what the body was packed to
	isTolerant       bool
}

func (r *record) isDir() bool { return strings.HasSuffix(r.name, "/") }

// A zipFile is the layout of a ZIP, every byte accounted for; nothing is
// inflated yet.
type zipFile struct {
	records []record
	tier    Tier
}

// parseZIP reads the layout. It spends no more than the file's own size.
func parseZIP(file []byte, l Limits) (*zipFile, error) {
	end, err := readEnd(file, l)
	if err != nil {
		return nil, err
	}
	records, err := readDirectory(file[end.offset:len(file)-endSize], end.entries)
	if err != nil {
		return nil, err
	}
	if err := checkNames(records, l); err != nil {
		return nil, err
	}
	z := &zipFile{records: records, tier: Strict}
	for i := range records {
		if err := records[i].checkFeatures(); err != nil {
			return nil, err
		}
	}
	if err := checkSizes(records, int64(len(file)), l); err != nil {
		return nil, err
	}
	if err := locateEntries(file[:end.offset], records); err != nil {
		return nil, err
	}
	for _, r := range records {
		if r.isTolerant {
			z.tier = Tolerant
		}
	}
	return z, nil
}

// An endRecordFields is what the end of central directory record says.
type endRecordFields struct {
	offset  int64 // where the directory begins
	entries int
}

func readEnd(file []byte, l Limits) (endRecordFields, error) {
	switch {
	case int64(len(file)) > l.FileSize:
		return endRecordFields{}, refuse(zipLimit, "the file has %d bytes; at most %d are allowed", len(file), l.FileSize)
	case len(file) == 0:
		return endRecordFields{}, refuse(zipLayout, "the file is empty")
	case file[0] == '<':
		return endRecordFields{}, refuse(zipLayout, "the file is not a ZIP: it looks like a saved web page")
	case len(file) < endSize || file[0] != 'P' || file[1] != 'K':
		return endRecordFields{}, refuse(zipLayout, "the file is not a ZIP")
	}
	end := file[len(file)-endSize:]
	if string(end[:4]) != endSignature {
		return endRecordFields{}, refuse(zipLayout, "the ZIP does not end with its end record: it is cut short, or has a comment or other bytes behind it")
	}
	if n := le16(end[20:]); n != 0 {
		return endRecordFields{}, refuse(zipLayout, "the ZIP's end record announces a comment of %d bytes", n)
	}
	disk, startDisk, here, total := le16(end[4:]), le16(end[6:]), le16(end[8:]), le16(end[10:])
	size, offset := int64(le32(end[12:])), int64(le32(end[16:]))
	if int(total) > l.Entries {
		return endRecordFields{}, refuse(zipLimit, "the ZIP has %d entries; at most %d are allowed", total, l.Entries)
	}
	if disk != 0 || startDisk != 0 {
		return endRecordFields{}, refuse(zipFeature, "the ZIP is one of several disks")
	}
	before := file[:len(file)-endSize]
	if total == 0xffff || size == 0xffffffff || offset == 0xffffffff ||
		len(before) >= locator64Size && string(before[len(before)-locator64Size:][:4]) == locator64Signature {
		return endRecordFields{}, refuse(zipFeature, "the ZIP is a ZIP64")
	}
	if here != total {
		return endRecordFields{}, refuse(zipLayout, "the ZIP's end record counts %d entries here and %d in all", here, total)
	}
	if offset+size != int64(len(before)) {
		return endRecordFields{}, refuse(zipLayout, "the ZIP's directory does not fill the place between entries and end: bytes were put before it, after it or into it")
	}
	return endRecordFields{offset, int(total)}, nil
}

func readDirectory(dir []byte, entries int) ([]record, error) {
	// A lying count makes no allocation: each record takes centralSize bytes.
	records := make([]record, 0, min(entries, len(dir)/centralSize))
	for len(dir) > 0 {
		if len(dir) < centralSize || string(dir[:4]) != centralSignature {
			return nil, refuse(zipLayout, "the ZIP's directory is damaged behind entry %d", len(records))
		}
		name, extra, comment := int(le16(dir[28:])), int(le16(dir[30:])), int(le16(dir[32:]))
		whole := centralSize + name + extra + comment
		if len(dir) < whole {
			return nil, refuse(zipLayout, "the ZIP's directory is cut short in entry %d", len(records)+1)
		}
		r := record{
			name:    string(dir[centralSize : centralSize+name]),
			central: dir[:whole],
			extra:   dir[centralSize+name : centralSize+name+extra],
			creator: le16(dir[4:]), versionNeeded: le16(dir[6:]), flags: le16(dir[8:]), method: le16(dir[10:]),
			crc: le32(dir[16:]), packedSize: int64(le32(dir[20:])), size: int64(le32(dir[24:])),
			external: le32(dir[38:]), offset: int64(le32(dir[42:])),
		}
		if comment != 0 {
			return nil, refuse(zipLayout, "the entry %s has a comment", quote(r.name))
		}
		if le16(dir[34:]) != 0 {
			return nil, refuse(zipFeature, "the entry %s is on another disk", quote(r.name))
		}
		records = append(records, r)
		dir = dir[whole:]
	}
	if len(records) != entries {
		return nil, refuse(zipLayout, "the ZIP's end record counts %d entries, its directory has %d", entries, len(records))
	}
	return records, nil
}

// checkSizes refuses bombs by what the directory declares. Inflating later
// stops at the declared size, so a lie gains nothing.
func checkSizes(records []record, fileSize int64, l Limits) error {
	var total int64
	for _, r := range records {
		if r.size > l.EntrySize {
			return refuse(zipBomb, "the entry %s inflates to %d bytes; at most %d are allowed", quote(r.name), r.size, l.EntrySize)
		}
		if r.size > l.RatioFloor && r.size > l.Ratio*r.packedSize {
			return refuse(zipBomb, "the entry %s inflates from %d to %d bytes, more than %d times", quote(r.name), r.packedSize, r.size, l.Ratio)
		}
		total += r.size
	}
	if total > l.TotalSize {
		return refuse(zipBomb, "the package inflates to %d bytes; at most %d are allowed", total, l.TotalSize)
	}
	if total > l.RatioFloor && total > l.Ratio*fileSize {
		return refuse(zipBomb, "the package inflates from %d to %d bytes, more than %d times", fileSize, total, l.Ratio)
	}
	return nil
}

// locateEntries finds each entry's local part. They must fill area from its first
// byte to its last in the order of the directory, and say what it says.
func locateEntries(area []byte, records []record) error {
	pos := int64(0)
	for i := range records {
		r := &records[i]
		if r.offset != pos {
			return refuse(zipLayout, "the entry %s does not begin where the one before it ends: bytes or entries are hidden, shared or out of order", quote(r.name))
		}
		n, err := r.locateLocal(area[pos:])
		if err != nil {
			return err
		}
		pos += n
	}
	if pos != int64(len(area)) {
		return refuse(zipLayout, "the ZIP has %d bytes between its entries and its directory that belong to nothing", int64(len(area))-pos)
	}
	return nil
}

// locateLocal reads the local part at the start of b and returns its length.
func (r *record) locateLocal(b []byte) (int64, error) {
	if len(b) < localSize || string(b[:4]) != localSignature {
		return 0, refuse(zipLayout, "the entry %s is not where the directory says", quote(r.name))
	}
	name, extra := int64(le16(b[26:])), int64(le16(b[28:]))
	start := localSize + name + extra
	if start > int64(len(b)) {
		return 0, refuse(zipLayout, "the entry %s is cut short", quote(r.name))
	}
	if !r.matchesLocal(b) || string(b[localSize:localSize+name]) != r.name {
		return 0, refuse(zipMismatch, "the entry %s says other things of itself than the ZIP's directory does", quote(r.name))
	}
	if r.method == methodStored && r.flags&flagDescriptor != 0 && !bytes.Equal(b[18:26], r.central[20:28]) {
		return 0, refuse(zipFeature, "the entry %s is stored without saying first how long it is", quote(r.name))
	}
	if err := r.checkExtra(b[localSize+name:start], true); err != nil {
		return 0, err
	}
	end := start + r.packedSize
	if end > int64(len(b)) {
		return 0, refuse(zipLayout, "the data of the entry %s is cut short", quote(r.name))
	}
	r.data = b[start:end:end]
	if r.flags&flagDescriptor != 0 {
		if !r.hasDescriptor(b[end:]) {
			return 0, refuse(zipMismatch, "the entry %s is followed by other sizes or another checksum than the ZIP's directory gives it", quote(r.name))
		}
		end += descriptorSize
	}
	r.local = b[:end:end]
	return end, nil
}

// matchesLocal compares a local header with the central one: from the version needed
// to the length of the name both have the same fields in the same order.
func (r *record) matchesLocal(local []byte) bool {
	if r.flags&flagDescriptor == 0 {
		return bytes.Equal(local[4:28], r.central[6:30])
	}
	return bytes.Equal(local[4:14], r.central[6:16]) && bytes.Equal(local[26:28], r.central[28:30]) &&
		matchesEarly(local[14:26], r.central[16:28])
}

// matchesEarly compares the checksum and both sizes before an entry that has them
// behind it, too, with those of the directory. Tools write what they know by then:
// nothing, all, or, as libarchive does, the size without the checksum; what they do
// not know is zero. All three say one thing to whoever reads on to the descriptor.
func matchesEarly(local, central []byte) bool {
	isZero := func(number []byte) bool { return le32(number) == 0 }
	checksum, packed, size := local[:4], local[4:8], local[8:12]
	switch {
	case bytes.Equal(local, central):
		return true
	case !isZero(checksum):
		return false
	case isZero(packed) && isZero(size):
		return true
	}
	return bytes.Equal(size, central[8:12]) && (isZero(packed) || bytes.Equal(packed, central[4:8]))
}

// hasDescriptor says whether b begins with the data descriptor of the entry. The
// form without a signature is not taken: it reads in two ways.
func (r *record) hasDescriptor(b []byte) bool {
	return len(b) >= descriptorSize && string(b[:4]) == descriptorSignature &&
		bytes.Equal(b[4:16], r.central[16:28])
}

func le16(b []byte) uint16 { return binary.LittleEndian.Uint16(b) }
func le32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }
