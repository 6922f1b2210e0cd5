-- The rollup rows of {requests} requests over 200 edges and 60 minutes from {from} (seconds since 1970):
-- log-normal durations about a median of the edge's own, one request in a hundred failed. The numbers
-- come from hashes: any run makes the same rows.
SELECT
    concat('callee-', toString(intDiv(edge, 5))) AS dst_service,
    concat('shop/local/default/callee-', toString(intDiv(edge, 5))) AS dst,
    concat('caller-', toString(edge % 53)) AS src_service,
    concat('shop/local/default/caller-', toString(edge % 53)) AS src,
    'all' AS route,
    'client' AS vantage,
    arrayJoin(['total', 'ttfb']) AS kind,
    if(fate = 0, 'failed', 'ok') AS result,
    'v1' AS dst_version,
    'v1' AS src_version,
    toDateTime({from} + minute * 60, 'UTC') AS ts,
    sumMap(map(bin, toUInt64(1))) AS hist
FROM
(
    SELECT
        number % 200 AS edge,
        intDiv(number, 200) % 60 AS minute,
        sipHash64(number, 'fate') % 100 AS fate,
        sqrt(-2 * log((sipHash64(number, 'n1') + 1) / pow(2, 64))) * cos(2 * pi() * (sipHash64(number, 'n2') / pow(2, 64))) AS normal,
        toUInt32(1000 * (1 + edge % 40) * exp(0.6 * normal)) AS us,
        -- record.BinOf, of more than 100 us
        toUInt32(floor(log10((us - 1) / 100))) AS decade,
        toInt16(90 + decade * 90 + toUInt32(ceil(us / pow(10, decade + 1)))) AS bin
    FROM numbers({requests})
)
GROUP BY edge, dst_service, dst, src_service, src, kind, result, ts
