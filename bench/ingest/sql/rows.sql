-- Rows {from} and on, {count} of them, of {rows} requests that end within the
-- hour from {base} (Unix seconds): 200 edges of unequal weight, log-normal
-- durations, one failure in a hundred.
WITH
    toUInt32(200 * pow(sipHash64(number, 'edge') / pow(2, 64), 1.5)) AS edge,
    sqrt(-2 * log((sipHash64(number, 'a') + 1) / pow(2, 64))) * cos(2 * pi() * (sipHash64(number, 'b') / pow(2, 64))) AS normal,
    toUInt32(least(30e6, 1000 * (1 + (edge * 5) % 40) * exp(0.6 * normal))) AS us,
    sipHash64(number, 'fate') % 100 = 0 AS failed,
    -- record.BinOf
    (x -> toInt16(if(x <= 100, x, 100 + toUInt32(floor(log10((x - 1) / 100))) * 90
        + toUInt32(ceil(x / pow(10, 1 + floor(log10((x - 1) / 100))))) - 10))) AS bin
SELECT
    fromUnixTimestamp64Micro(toInt64({base} * 1e6 + number * (3600e6 / {rows})), 'UTC') AS ts,
    'client' AS vantage,
    concat('shop/local/default/caller-', toString((edge * 7) % 53)) AS src,
    concat('caller-', toString((edge * 7) % 53)) AS src_service,
    'v1' AS src_version,
    concat('shop/local/default/callee-', toString(intDiv(edge, 5))) AS dst,
    concat('callee-', toString(intDiv(edge, 5))) AS dst_service,
    'v1' AS dst_version,
    concat('sidecar~10.0.0.1~', src_service, '.default~shop') AS proxy,
    'mesh.request' AS log_name,
    'default' AS route,
    'GET' AS method,
    'http1' AS protocol,
    concat('outbound|80||', dst_service, '.default') AS cluster,
    '10.0.0.2:8080' AS upstream,
    if(failed, 503, 200) AS code,
    if(failed, 'server_error', 'ok') AS outcome,
    0 AS flags,
    'via_upstream' AS details,
    'mtls' AS mtls,
    us AS duration_us,
    toUInt32(us / 2) AS first_byte_us,
    1 AS attempts,
    300 AS request_bytes,
    toUInt64(1000 + sipHash64(number, 'size') % 4000) AS response_bytes,
    reinterpretAsFixedString(sipHash128(number, 'trace')) AS trace_id,
    reinterpretAsFixedString(sipHash64(number, 'span')) AS span_id,
    bin(us) AS duration_bin,
    bin(toUInt32(us / 2)) AS first_byte_bin
FROM numbers({from}, {count})
