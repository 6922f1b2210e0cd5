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
    concat('shop/local/default/callee-', toString(intDiv(edge, 5))) AS dst,
    concat('callee-', toString(intDiv(edge, 5))) AS dst_service,
    'default' AS route,
    'GET' AS method,
    'http1' AS protocol,
    if(failed, 503, 200) AS code,
    if(failed, 'server_error', 'ok') AS outcome,
    us AS duration_us,
    1 AS attempts,
    bin(us) AS duration_bin,
    -1 AS first_byte_bin
FROM numbers({from}, {count})
