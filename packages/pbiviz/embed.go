package pbiviz

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// Embed returns the package file with the statement inside, as a stored entry
// StatementEntry that takes the place of one already there. All other entries
// keep their bytes, packed ones included, and the package its Content, so a
// statement about the content is true of the file before and after. An error is
// a *verdict.Refusal of the file, or of what would have come out.
func Embed(file, statement []byte) ([]byte, error) {
	l := DefaultLimits()
	before, err := Read(file, l)
	if err != nil {
		return nil, err
	}
	if len(statement) == 0 {
		return nil, errors.New("cannot embed a statement: it is empty")
	}
	z, err := parseZIP(file, l)
	if err != nil {
		return nil, err
	}
	out := z.withStoredEntry(StatementEntry, statement)
	after, err := Read(out, l)
	if err != nil {
		return nil, err
	}
	if after.Content() != before.Content() {
		return nil, errors.New("cannot embed a statement: the package's content would change")
	}
	return out, nil
}

// withStoredEntry writes the ZIP again, the local parts as they are, with one stored entry
// at its end in place of any of that name.
func (z *zipFile) withStoredEntry(name string, body []byte) []byte {
	var out, directory bytes.Buffer
	entries := uint16(1)
	for _, r := range z.records {
		if r.name == name {
			continue
		}
		central := bytes.Clone(r.central)
		binary.LittleEndian.PutUint32(central[42:], uint32(out.Len()))
		directory.Write(central)
		out.Write(r.local)
		entries++
	}
	header := storedHeader(name, body)
	directory.WriteString(centralSignature)
	directory.Write([]byte{creatorDOS & 0xff, creatorDOS >> 8})
	directory.Write(header)
	directory.Write(make([]byte, 12)) // no extra field, comment, disk or attributes
	directory.Write(binary.LittleEndian.AppendUint32(nil, uint32(out.Len())))
	directory.WriteString(name)

	out.WriteString(localSignature)
	out.Write(header)
	out.Write(make([]byte, 2)) // no extra field
	out.WriteString(name)
	out.Write(body)

	end := endRecord(entries, uint32(directory.Len()), uint32(out.Len()))
	out.Write(directory.Bytes())
	out.Write(end)
	return out.Bytes()
}

// storedHeader makes what local and central header have in common, from the
// version needed to the length of the name.
func storedHeader(name string, body []byte) []byte {
	const firstDay = 1<<5 | 1 // 1980-01-01: the same input gives the same file
	le := binary.LittleEndian
	h := le.AppendUint16(nil, 10)
	h = le.AppendUint16(h, 0)
	h = le.AppendUint16(h, methodStored)
	h = le.AppendUint16(h, 0)
	h = le.AppendUint16(h, firstDay)
	h = le.AppendUint32(h, crc32.ChecksumIEEE(body))
	h = le.AppendUint32(h, uint32(len(body)))
	h = le.AppendUint32(h, uint32(len(body)))
	return le.AppendUint16(h, uint16(len(name)))
}

func endRecord(entries uint16, size, offset uint32) []byte {
	le := binary.LittleEndian
	e := append([]byte(endSignature), 0, 0, 0, 0)
	e = le.AppendUint16(e, entries)
	e = le.AppendUint16(e, entries)
	e = le.AppendUint32(e, size)
	e = le.AppendUint32(e, offset)
	return append(e, 0, 0)
}
