package pbiviztest

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"strings"
)

// A Header is one entry's header, local or central, field by field, so that a
// test can make it lie. Fields below Extra exist in the central one only.
type Header struct {
	Needed, Flags, Method, Time, Date uint16
	CRC, Packed, Size                 uint32
	Name                              string
	Extra                             []byte

	Creator, Disk, Internal uint16
	External, Offset        uint32
	Comment                 string
}

// A File is one entry of an Archive. A name that ends in / is a directory.
type File struct {
	Name string
	Body []byte
	// Store keeps the body as it is; otherwise it is deflated.
	Store bool
	// Data replaces what the body was packed to.
	Data []byte
	// Descriptor writes sizes and checksum behind the data, with flag bit 3.
	Descriptor bool
	// Hidden leaves the entry out of the directory.
	Hidden bool
	// Local and Central change the headers just before they are written.
	Local, Central func(*Header)
	// After is put behind the entry's data, where no header accounts for it.
	After []byte
}

// An Archive is a ZIP, as honest or as ambiguous as its fields make it.
type Archive struct {
	Files []File
	// Order lists the indexes of Files in the order of the directory; nil is
	// the order of Files.
	Order []int
	// Prefix comes before the first entry, without moving the offsets.
	Prefix []byte
	// Gap comes between the directory and the end record.
	Gap     []byte
	Comment []byte
	// Suffix comes after everything.
	Suffix []byte
	// End changes the end record just before it is written.
	End func(*End)
}

// An End is the end of central directory record.
type End struct {
	Disk, StartDisk, Here, Total uint16
	Size, Offset                 uint32
	CommentLength                uint16
}

// Bytes writes the archive.
func (a Archive) Bytes() []byte {
	var out bytes.Buffer
	out.Write(a.Prefix)
	central := make([]Header, len(a.Files))
	for i, f := range a.Files {
		central[i] = f.writeLocal(&out, uint32(out.Len()-len(a.Prefix)))
	}
	order := a.Order
	if order == nil {
		for i := range a.Files {
			order = append(order, i)
		}
	}
	end := End{Offset: uint32(out.Len() - len(a.Prefix)), CommentLength: uint16(len(a.Comment))}
	start := out.Len()
	for _, i := range order {
		if !a.Files[i].Hidden {
			central[i].writeCentral(&out)
			end.Here++
			end.Total++
		}
	}
	end.Size = uint32(out.Len() - start)
	if a.End != nil {
		a.End(&end)
	}
	out.Write(a.Gap)
	out.WriteString("PK\x05\x06")
	putNumbers(&out, end.Disk, end.StartDisk, end.Here, end.Total, end.Size, end.Offset, end.CommentLength)
	out.Write(a.Comment)
	out.Write(a.Suffix)
	return out.Bytes()
}

// writeLocal writes the entry's local part and returns its central header.
func (f File) writeLocal(out *bytes.Buffer, offset uint32) Header {
	data := f.Data
	h := Header{Name: f.Name, Needed: 10, Creator: 20, Date: 0x5c21, Offset: offset}
	switch {
	case strings.HasSuffix(f.Name, "/"):
		h.External = 0x10
	case f.Store:
		if data == nil {
			data = f.Body
		}
	default:
		h.Needed, h.Method = 20, 8
		if data == nil {
			data = Deflate(f.Body)
		}
	}
	h.CRC, h.Size, h.Packed = crc32.ChecksumIEEE(f.Body), uint32(len(f.Body)), uint32(len(data))
	local := h
	if f.Descriptor {
		h.Flags |= 8
		local.Flags |= 8
		local.CRC, local.Size, local.Packed = 0, 0, 0
	}
	if f.Local != nil {
		f.Local(&local)
	}
	local.writeLocal(out)
	out.Write(data)
	if f.Descriptor {
		out.WriteString("PK\x07\x08")
		putNumbers(out, h.CRC, h.Packed, h.Size)
	}
	out.Write(f.After)
	if f.Central != nil {
		f.Central(&h)
	}
	return h
}

func (h Header) writeLocal(out *bytes.Buffer) {
	out.WriteString("PK\x03\x04")
	putNumbers(out, h.Needed, h.Flags, h.Method, h.Time, h.Date, h.CRC, h.Packed, h.Size,
		uint16(len(h.Name)), uint16(len(h.Extra)))
	out.WriteString(h.Name)
	out.Write(h.Extra)
}

func (h Header) writeCentral(out *bytes.Buffer) {
	out.WriteString("PK\x01\x02")
	putNumbers(out, h.Creator, h.Needed, h.Flags, h.Method, h.Time, h.Date, h.CRC, h.Packed, h.Size,
		uint16(len(h.Name)), uint16(len(h.Extra)), uint16(len(h.Comment)),
		h.Disk, h.Internal, h.External, h.Offset)
	out.WriteString(h.Name)
	out.Write(h.Extra)
	out.WriteString(h.Comment)
}

// Deflate packs a body as Files are packed.
func Deflate(body []byte) []byte {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.DefaultCompression)
	must(err)
	_, err = w.Write(body)
	must(err)
	must(w.Close())
	return out.Bytes()
}

// Extra makes one extra field.
func Extra(id uint16, data []byte) []byte {
	var out bytes.Buffer
	putNumbers(&out, id, uint16(len(data)))
	out.Write(data)
	return out.Bytes()
}

func putNumbers(out *bytes.Buffer, numbers ...any) {
	for _, n := range numbers {
		must(binary.Write(out, binary.LittleEndian, n))
	}
}

func must(err error) {
	if err != nil {
		panic(err) // a bytes.Buffer never fails; a test that gives bad JSON should
	}
}
