package pbiviz

// Capabilities is what a visual declares it can do. Lists are sorted by name,
// so that two packages compare member by member.
type Capabilities struct {
	Roles      []Role
	Objects    []Object
	Privileges []Privilege
	// Conditions is the canonical JSON of each dataViewMappings entry.
	Mappings []Mapping
	// Others maps every further top-level member (sorting, tooltips, ...) to
	// its canonical JSON.
	Others map[string]string
}

// A Role is a data role: a well that a report's author drops fields into.
type Role struct {
	Name        string
	DisplayName string
	Kind        string // Grouping, Measure or GroupingOrMeasure; as text, for old files hold numbers
	Required    string // canonical JSON of requiredTypes; empty if absent
	Preferred   string // canonical JSON of preferredTypes; empty if absent
}

// An Object is a group of formatting properties.
type Object struct {
	Name        string
	DisplayName string
	Properties  []Property
}

// A Property is one formatting property. Its value is a report's secret and
// never read here.
type Property struct {
	Name string
	Type string // canonical JSON of its type
}

// A Privilege is a right the visual asks for.
type Privilege struct {
	Name       string // WebAccess, LocalStorage, ExportContent, AADAuthentication
	Essential  bool
	Parameters []string // URLs of WebAccess, sorted; canonical JSON members for an object
}

// A Mapping is one way in which the visual takes data.
type Mapping struct {
	// Conditions lists, for each condition, role name to "min..max" ("" open).
	Conditions []map[string]Range
	// Rest is the canonical JSON of the mapping without its conditions.
	Rest string
}

// A Range bounds how many fields a role takes. Nil is unbounded.
type Range struct {
	Min, Max *int
}
