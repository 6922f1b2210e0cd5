package query

// SchemaVersion is the version of the store's tables that the queries of this
// build are written for: that of store/schema, which readers do not import. A
// test keeps the two the same.
const SchemaVersion = 20
