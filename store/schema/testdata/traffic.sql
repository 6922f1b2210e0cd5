-- One block of traffic as a busy mesh makes it: rows {from} and on, {count} of them, of {rows} that end
-- within ten minutes. 200 edges of unequal weight, four routes each, three proxies a caller and three
-- hosts a callee, whose rows arrive interleaved and up to a second late. Durations are log-normal, the
-- first byte comes shortly before the last, one row in a hundred fails and one in fifty is retried.
-- Every call has ids of its own. The numbers come from hashes of the row's: any run makes the same rows.
WITH
    sipHash64(number, 'edge') / pow(2, 64) AS edge_u,
    toUInt32(200 * pow(edge_u, 1.5)) AS edge,
    intDiv(edge, 5) AS callee,
    (edge * 7) % 53 AS caller,
    toUInt32(4 * pow(sipHash64(number, 'route') / pow(2, 64), 1.5)) AS r,
    sipHash64(number, 'pod') % 3 AS pod,
    sipHash64(number, 'host') % 3 AS host,
    sipHash64(number, 'fate') % 10000 AS fate,
    callee % 4 = 3 AS grpc,
    -- Box-Muller.
    sqrt(-2 * log((sipHash64(number, 'n1') + 1) / pow(2, 64))) AS radius,
    2 * pi() * (sipHash64(number, 'n2') / pow(2, 64)) AS angle,
    radius * cos(angle) AS normal_duration,
    radius * sin(angle) AS normal_bytes,
    sqrt(-2 * log((sipHash64(number, 'n3') + 1) / pow(2, 64))) * cos(2 * pi() * (sipHash64(number, 'n4') / pow(2, 64))) AS normal_body,
    toUInt32(least(30e6, 1000 * (1 + (callee * 5 + r * 11) % 40) * exp(0.6 * normal_duration))) AS us,
    toUInt32(least(us / 2, 20 - 150 * log((sipHash64(number, 'tail') + 1) / pow(2, 64)))) AS tail_us,
    if(fate < 100, 0, us - tail_us) AS first_us,
    -- record.BinOf
    (x -> toInt16(if(x <= 100, x, 100 + toUInt32(floor(log10((x - 1) / 100))) * 90
        + toUInt32(ceil(x / pow(10, 1 + floor(log10((x - 1) / 100))))) - 10))) AS bin
SELECT
    fromUnixTimestamp64Micro({base} + toInt64(number * (600e6 / {rows}) + sipHash64(number, 'late') % 1000000), 'UTC') AS ts,
    toInt64(0) AS skew_us,
    'client' AS vantage,
    concat('shop/local/default/caller-', toString(caller)) AS src,
    concat('caller-', toString(caller)) AS src_service,
    if(pod = 2, 'v2', 'v1') AS src_version,
    concat('spiffe://shop.local/ns/default/sa/caller-', toString(caller)) AS src_principal,
    'reporter' AS src_source,
    concat('shop/local/default/callee-', toString(callee)) AS dst,
    concat('callee-', toString(callee)) AS dst_service,
    if(host = 2, 'v2', 'v1') AS dst_version,
    concat('spiffe://shop.local/ns/default/sa/callee-', toString(callee)) AS dst_principal,
    'endpoint_metadata' AS dst_source,
    concat('caller-', toString(caller), '-', toString(pod)) AS proxy,
    'mesh.requests' AS log_name,
    concat('callee-', toString(callee), '-', ['list', 'get', 'put', 'search'][r + 1]) AS route,
    ['GET', 'GET', 'PUT', 'POST'][r + 1] AS method,
    if(grpc, 'grpc', 'http1') AS protocol,
    concat('outbound|8080||callee-', toString(callee)) AS cluster,
    concat('10.0.', toString(callee), '.', toString(host + 2), ':8080') AS upstream,
    multiIf(fate < 100, 503, fate < 300 AND r = 1, 404, 200) AS code,
    if(grpc, 0, -1) AS grpc_status,
    multiIf(fate < 50, 'server_error', fate < 100, 'overflow', fate < 300 AND r = 1, 'client_error', 'ok') AS outcome,
    if(fate BETWEEN 50 AND 99, 8, 0) AS flags,
    if(fate BETWEEN 50 AND 99, 'upstream_reset_before_response_started{overflow}', 'via_upstream') AS details,
    'mtls' AS mtls,
    us AS duration_us,
    first_us AS first_byte_us,
    if(fate % 50 = 7, 2, 1) AS attempts,
    0 AS attempt,
    if(method = 'GET', 0, toUInt64(400 * exp(0.5 * normal_body))) AS request_bytes,
    multiIf(fate < 100, 0, r = 2, 48, toUInt64(2000 * (1 + r) * exp(0.7 * normal_bytes))) AS response_bytes,
    reinterpretAsFixedString(sipHash128(number, 'call')) AS call_id,
    '' AS request_id,
    reinterpretAsFixedString(sipHash128(number, 'trace')) AS trace_id,
    reinterpretAsFixedString(sipHash64(number, 'span')) AS span_id,
    bin(us) AS duration_bin,
    if(first_us = 0, -1, bin(first_us)) AS first_byte_bin,
    reinterpretAsFixedString(sipHash128(intDiv(number, 10000), 'block')) AS block_id
FROM numbers({from}, {count})
