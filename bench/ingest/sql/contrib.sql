-- The same requests as records of the contrib exporter: every column of ours that it has no column for
-- is an attribute.
INSERT INTO contrib.otel_logs (Timestamp, TraceId, SpanId, ServiceName, LogAttributes)
SELECT ts, lower(hex(trace_id)), lower(hex(span_id)), dst_service, map(
    'vantage', toString(vantage), 'src', src, 'src_service', src_service, 'src_version', src_version,
    'dst', dst, 'dst_service', dst_service, 'dst_version', dst_version, 'proxy', proxy, 'log_name', log_name,
    'route', route, 'method', method, 'protocol', protocol, 'cluster', cluster, 'upstream', upstream,
    'code', toString(code), 'outcome', toString(outcome), 'flags', toString(flags), 'details', details, 'mtls', toString(mtls),
    'duration_us', toString(duration_us), 'first_byte_us', toString(first_byte_us), 'attempts', toString(attempts),
    'request_bytes', toString(request_bytes), 'response_bytes', toString(response_bytes))
FROM rollup.requests
