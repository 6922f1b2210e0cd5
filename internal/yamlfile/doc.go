// Package yamlfile reads YAML that people write: strictly, and with errors
// that name file, line and field.
//
// Parse splits a file into documents, Doc.Decode fills a struct and refuses
// unknown fields, wrong types and duplicate keys, and Doc.Errorf makes the same
// kind of error for what only the reader of a field can judge, such as an
// impossible value at "services[1].workers".
package yamlfile
