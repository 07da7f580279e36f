package config

import _ "embed"

// SchemaName is what the settings file's JSON Schema is called beside it.
const SchemaName = "orgstore.schema.json"

//go:embed orgstore.schema.json
var schema []byte

// Schema returns the settings file's JSON Schema (draft 2020-12), for editors.
// It refuses what Parse refuses as far as a schema can tell; Parse decides.
func Schema() []byte { return append([]byte(nil), schema...) }
