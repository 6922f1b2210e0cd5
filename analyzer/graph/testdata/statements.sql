-- counts of all edges; arguments []
SELECT src, dst, src_service, src_version, dst_service, dst_version, route, protocol, vantage, outcome, sum(n_requests), sum(n_attempts), sum(n_mtls_known), sum(n_mtls_mutual), sum(n_request_bytes), sum(n_response_bytes), min(n_at), max(n_at)
FROM (
SELECT src, dst, src_service, src_version, dst_service, dst_version, route, protocol, vantage, outcome, toUInt64(1) AS n_requests, toUInt64(attempts) AS n_attempts,
  toUInt64(mtls != 'unknown') AS n_mtls_known, toUInt64(mtls = 'mtls') AS n_mtls_mutual,
  request_bytes AS n_request_bytes, response_bytes AS n_response_bytes, toUnixTimestamp64Micro(ts) AS n_at
FROM requests WHERE ts >= fromUnixTimestamp64Micro(1772366389500000, 'UTC') AND ts < fromUnixTimestamp64Micro(1772366390000000, 'UTC')
UNION ALL
SELECT src, dst, src_service, src_version, dst_service, dst_version, route, protocol, vantage, outcome, requests AS n_requests, attempts AS n_attempts, mtls_known AS n_mtls_known, mtls_mutual AS n_mtls_mutual,
  request_bytes AS n_request_bytes, response_bytes AS n_response_bytes, toInt64(toUnixTimestamp(ts)) * 1000000 AS n_at
FROM edge_counts_10s WHERE ts >= toDateTime(1772366390, 'UTC') AND ts < toDateTime(1772366400, 'UTC')
UNION ALL
SELECT src, dst, src_service, src_version, dst_service, dst_version, route, protocol, vantage, outcome, requests AS n_requests, attempts AS n_attempts, mtls_known AS n_mtls_known, mtls_mutual AS n_mtls_mutual,
  request_bytes AS n_request_bytes, response_bytes AS n_response_bytes, toInt64(toUnixTimestamp(ts)) * 1000000 AS n_at
FROM edge_counts_1m WHERE ts >= toDateTime(1772366400, 'UTC') AND ts < toDateTime(1772366520, 'UTC')
UNION ALL
SELECT src, dst, src_service, src_version, dst_service, dst_version, route, protocol, vantage, outcome, requests AS n_requests, attempts AS n_attempts, mtls_known AS n_mtls_known, mtls_mutual AS n_mtls_mutual,
  request_bytes AS n_request_bytes, response_bytes AS n_response_bytes, toInt64(toUnixTimestamp(ts)) * 1000000 AS n_at
FROM edge_counts_10s WHERE ts >= toDateTime(1772366520, 'UTC') AND ts < toDateTime(1772366530, 'UTC')
UNION ALL
SELECT src, dst, src_service, src_version, dst_service, dst_version, route, protocol, vantage, outcome, toUInt64(1) AS n_requests, toUInt64(attempts) AS n_attempts,
  toUInt64(mtls != 'unknown') AS n_mtls_known, toUInt64(mtls = 'mtls') AS n_mtls_mutual,
  request_bytes AS n_request_bytes, response_bytes AS n_response_bytes, toUnixTimestamp64Micro(ts) AS n_at
FROM requests WHERE ts >= fromUnixTimestamp64Micro(1772366530000000, 'UTC') AND ts < fromUnixTimestamp64Micro(1772366530500000, 'UTC')
)
GROUP BY src, dst, src_service, src_version, dst_service, dst_version, route, protocol, vantage, outcome

-- latencies of all edges; arguments []
SELECT src, dst, route, vantage, sumMap(bins)
FROM (
SELECT src, dst, route, vantage, map(toInt16(multiIf(duration_us <= 100, toUInt64(duration_us), duration_us <= 1000, 90 + intDiv(toUInt64(duration_us) + 9, 10), duration_us <= 10000, 180 + intDiv(toUInt64(duration_us) + 99, 100), duration_us <= 100000, 270 + intDiv(toUInt64(duration_us) + 999, 1000), duration_us <= 1000000, 360 + intDiv(toUInt64(duration_us) + 9999, 10000), duration_us <= 10000000, 450 + intDiv(toUInt64(duration_us) + 99999, 100000), duration_us <= 100000000, 540 + intDiv(toUInt64(duration_us) + 999999, 1000000), duration_us <= 1000000000, 630 + intDiv(toUInt64(duration_us) + 9999999, 10000000), 720 + intDiv(toUInt64(duration_us) + 99999999, 100000000))), toUInt64(1)) AS bins
FROM requests WHERE ts >= fromUnixTimestamp64Micro(1772366389500000, 'UTC') AND ts < fromUnixTimestamp64Micro(1772366390000000, 'UTC')
UNION ALL
SELECT src, dst, route, vantage, CAST(hist, 'Map(Int16, UInt64)') AS bins
FROM edge_latency_10s WHERE kind = 'total' AND ts >= toDateTime(1772366390, 'UTC') AND ts < toDateTime(1772366400, 'UTC')
UNION ALL
SELECT src, dst, route, vantage, CAST(hist, 'Map(Int16, UInt64)') AS bins
FROM edge_latency_1m WHERE kind = 'total' AND ts >= toDateTime(1772366400, 'UTC') AND ts < toDateTime(1772366520, 'UTC')
UNION ALL
SELECT src, dst, route, vantage, CAST(hist, 'Map(Int16, UInt64)') AS bins
FROM edge_latency_10s WHERE kind = 'total' AND ts >= toDateTime(1772366520, 'UTC') AND ts < toDateTime(1772366530, 'UTC')
UNION ALL
SELECT src, dst, route, vantage, map(toInt16(multiIf(duration_us <= 100, toUInt64(duration_us), duration_us <= 1000, 90 + intDiv(toUInt64(duration_us) + 9, 10), duration_us <= 10000, 180 + intDiv(toUInt64(duration_us) + 99, 100), duration_us <= 100000, 270 + intDiv(toUInt64(duration_us) + 999, 1000), duration_us <= 1000000, 360 + intDiv(toUInt64(duration_us) + 9999, 10000), duration_us <= 10000000, 450 + intDiv(toUInt64(duration_us) + 99999, 100000), duration_us <= 100000000, 540 + intDiv(toUInt64(duration_us) + 999999, 1000000), duration_us <= 1000000000, 630 + intDiv(toUInt64(duration_us) + 9999999, 10000000), 720 + intDiv(toUInt64(duration_us) + 99999999, 100000000))), toUInt64(1)) AS bins
FROM requests WHERE ts >= fromUnixTimestamp64Micro(1772366530000000, 'UTC') AND ts < fromUnixTimestamp64Micro(1772366530500000, 'UTC')
)
GROUP BY src, dst, route, vantage

-- counts of a namespace and a service, raw rows only; arguments ["shop" "shop" "web" "web"]
SELECT src, dst, src_service, src_version, dst_service, dst_version, route, protocol, vantage, outcome, sum(n_requests), sum(n_attempts), sum(n_mtls_known), sum(n_mtls_mutual), sum(n_request_bytes), sum(n_response_bytes), min(n_at), max(n_at)
FROM (
SELECT src, dst, src_service, src_version, dst_service, dst_version, route, protocol, vantage, outcome, toUInt64(1) AS n_requests, toUInt64(attempts) AS n_attempts,
  toUInt64(mtls != 'unknown') AS n_mtls_known, toUInt64(mtls = 'mtls') AS n_mtls_mutual,
  request_bytes AS n_request_bytes, response_bytes AS n_response_bytes, toUnixTimestamp64Micro(ts) AS n_at
FROM requests WHERE ts >= fromUnixTimestamp64Micro(1772366389500000, 'UTC') AND ts < fromUnixTimestamp64Micro(1772366390000000, 'UTC') AND (splitByChar('/', toString(src))[if(startsWith(src, 'unknown/'), 2, 3)] = ? OR splitByChar('/', toString(dst))[if(startsWith(dst, 'unknown/'), 2, 3)] = ?) AND (src_service = ? OR dst_service = ?)
)
GROUP BY src, dst, src_service, src_version, dst_service, dst_version, route, protocol, vantage, outcome

-- latencies of two pairs, minutes only; arguments ["a" "b" "a" "c"]
SELECT src, dst, route, vantage, sumMap(bins)
FROM (
SELECT src, dst, route, vantage, CAST(hist, 'Map(Int16, UInt64)') AS bins
FROM edge_latency_1m WHERE kind = 'total' AND ts >= toDateTime(1772366400, 'UTC') AND ts < toDateTime(1772366520, 'UTC') AND (src, dst) IN ((?, ?), (?, ?))
)
GROUP BY src, dst, route, vantage

-- latencies of a service, minutes only; arguments ["it's" "it's"]
SELECT src, dst, route, vantage, sumMap(bins)
FROM (
SELECT src, dst, route, vantage, CAST(hist, 'Map(Int16, UInt64)') AS bins
FROM edge_latency_1m WHERE kind = 'total' AND ts >= toDateTime(1772366400, 'UTC') AND ts < toDateTime(1772366520, 'UTC') AND (src_service = ? OR dst_service = ?)
)
GROUP BY src, dst, route, vantage

