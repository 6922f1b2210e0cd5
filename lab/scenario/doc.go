// Package scenario reads the YAML that describes a lab run: services with known
// behaviour, the load on them, the mesh configuration they run under, what goes
// wrong when, and what must hold in the report.
//
// Read opens a file and Parse takes a document; both return either a Scenario
// in which every reference resolves, every default is filled in and every value
// is possible, or all findings at once, each with file, line, field and remedy.
// What other rooms own is carried, not judged: mesh objects and SLO files as
// yamlfile.Doc, expectations as CEL text with their line.
//
// Times are offsets from the start of the run. Scale fits a scenario to another
// duration. docs/scenario.md is the reference of the format.
package scenario
