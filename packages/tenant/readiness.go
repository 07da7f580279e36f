package tenant

// A Readiness says whether one thing that orgstore needs of a tenant is there.
type Readiness string

// What a check can find.
const (
	Ready   Readiness = "ready"
	Missing Readiness = "missing" // and something does not work without it
	Limited Readiness = "limited" // works, with what Detail says
	Off     Readiness = "off"     // not asked for by the settings, or not offered by this cloud
	Unknown Readiness = "unknown" // could not be found out
)

// A Requirement is one thing that orgstore needs of a tenant, and what was found of it.
type Requirement struct {
	// Name is a stable word for programs, such as sign_in or library.read.
	Name string
	// What is checked, as a phrase for people.
	What  string
	State Readiness
	// Detail says what was seen; Fix the exact step that mends it, where there
	// is something to mend.
	Detail, Fix string
}
