package httpd

// defaultFormat is that of a result when neither statement nor request names one.
const defaultFormat = "TabSeparated"

// contentType is what a server announces for a result in the given format.
func contentType(format string) string {
	switch format {
	case "Native", "RowBinary", "RowBinaryWithNames", "RowBinaryWithNamesAndTypes", "Parquet", "Arrow", "ArrowStream", "ORC":
		return "application/octet-stream"
	case "JSON", "JSONCompact", "JSONStrings", "JSONColumns":
		return "application/json; charset=UTF-8"
	case "JSONEachRow", "JSONCompactEachRow":
		return "application/x-ndjson; charset=UTF-8"
	case "CSV":
		return "text/csv; charset=UTF-8; header=absent"
	case "CSVWithNames", "CSVWithNamesAndTypes":
		return "text/csv; charset=UTF-8; header=present"
	case "TabSeparated", "TSV", "TabSeparatedRaw", "TSVRaw", "TabSeparatedWithNames", "TSVWithNames":
		return "text/tab-separated-values; charset=UTF-8"
	}
	return "text/plain; charset=UTF-8"
}

// streams reports a format whose chunks concatenate: libchdb formats each block
// on its own, so a header or footer would appear once per block.
func streams(format string) bool {
	switch format {
	case "Native", "RowBinary", "TabSeparated", "TSV", "TabSeparatedRaw", "TSVRaw", "CSV",
		"JSONEachRow", "JSONCompactEachRow":
		return true
	}
	return false
}
