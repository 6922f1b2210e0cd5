-- Counts and quantiles by edge and minute from the records of the contrib exporter.
SELECT LogAttributes['src'], LogAttributes['dst'], toStartOfMinute(Timestamp) AS minute,
    count(), countIf(LogAttributes['outcome'] NOT IN ('ok', 'client_error')),
    quantiles(0.5, 0.9, 0.99)(toUInt32(LogAttributes['duration_us']))
FROM contrib.otel_logs
GROUP BY ALL
