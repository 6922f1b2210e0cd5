package gate

// What is read. The service leads the key of both tables, so only its rows are
// looked at. Times are integers, which no session time zone can shift.
const (
	countsSQL = `
SELECT ts, src, dst, toString(vantage), dst_version,
	sumIf(requests, outcome NOT IN ('ok', 'client_error')), sum(requests)
FROM edge_counts_10s
WHERE dst_service = ? AND ts >= fromUnixTimestamp(?) AND ts < fromUnixTimestamp(?)
GROUP BY ts, src, dst, vantage, dst_version`

	slowSQL = `
SELECT ts, src, dst, toString(vantage), dst_version,
	sum(arraySum((bin, n) -> if(bin > ?, n, 0), hist.keys, hist.values)), sum(arraySum(hist.values))
FROM edge_latency_10s
WHERE kind = 'total' AND result = 'ok'
	AND dst_service = ? AND ts >= fromUnixTimestamp(?) AND ts < fromUnixTimestamp(?)
GROUP BY ts, src, dst, vantage, dst_version`

	historySQL = `
SELECT src, dst, toString(vantage), sumMap(CAST(hist, 'Map(Int16, UInt64)'))
FROM edge_latency_10s
WHERE kind = 'total' AND result = 'ok' AND dst_version = ?
	AND dst_service = ? AND ts >= fromUnixTimestamp(?) AND ts < fromUnixTimestamp(?)
GROUP BY src, dst, vantage`

	seenSQL = `
SELECT DISTINCT ts FROM edge_counts_10s
WHERE dst_service = ? AND dst_version = ? AND ts >= fromUnixTimestamp(?) AND ts < fromUnixTimestamp(?)
ORDER BY ts`

	servicesSQL = `
SELECT DISTINCT toString(dst_service) FROM edge_counts_10s
WHERE dst_service != '' AND ts >= fromUnixTimestamp(?)
ORDER BY 1 LIMIT 200`
)
