-- The same requests as records of the contrib exporter, each figure an attribute.
INSERT INTO contrib.otel_logs (Timestamp, ServiceName, LogAttributes)
SELECT ts, dst_service, map('src', src, 'dst', dst, 'route', route, 'method', method, 'protocol', protocol,
    'code', toString(code), 'outcome', toString(outcome), 'duration_us', toString(duration_us), 'attempts', toString(attempts))
FROM rollup.requests
