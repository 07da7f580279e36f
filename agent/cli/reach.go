package cli

// coded is an error of an edge, which says its stable code and what to do.
type coded interface {
	error
	Code() string
	Hint() string
}
