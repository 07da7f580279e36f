package engine

func OrElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
