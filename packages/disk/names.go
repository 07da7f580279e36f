package disk

import "strings"

// ReservedName says whether a file's name cannot be used on Windows: the name
// of a device, a character it forbids, or a dot or space at the end. Callers
// refuse such names everywhere, since folders move between machines.
func ReservedName(name string) bool {
	if name == "" || strings.ContainsAny(name, `<>:"/\|?*`) ||
		strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") {
		return true
	}
	for _, r := range name {
		if r < ' ' {
			return true
		}
	}
	stem, _, _ := strings.Cut(name, ".")
	return isDeviceName(strings.ToUpper(strings.TrimRight(stem, " ")))
}

// isDeviceName knows the names that Windows gives to devices, whatever follows their
// first dot and however they are cased. See "Naming Files, Paths, and Namespaces".
func isDeviceName(stem string) bool {
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	return isNumberedDevice(stem)
}

// isNumberedDevice knows COM0 to COM9 and LPT0 to LPT9, with the superscript
// digits that count as digits here.
func isNumberedDevice(stem string) bool {
	n, ok := strings.CutPrefix(stem, "COM")
	if !ok {
		n, ok = strings.CutPrefix(stem, "LPT")
	}
	return ok && len([]rune(n)) == 1 && strings.ContainsAny(n, "0123456789¹²³")
}
