-- database
CREATE DATABASE IF NOT EXISTS plimsoll;

-- schema_migrations
CREATE TABLE IF NOT EXISTS schema_migrations
(
    id UInt32,
    name String,
    checksum String,
    applied_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree
ORDER BY (id, checksum)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- migration requests, sha256 1df0d5ed9c8ebd46699b4e94f048dd2a5ff9fc0721ca4ce23ec86b826b2a7f7a
CREATE TABLE IF NOT EXISTS requests_in
(
    ts DateTime64(6, 'UTC'),
    skew_us Int64,
    vantage Enum8('unknown' = 0, 'client' = 1, 'server' = 2, 'gateway' = 3, 'l4_client' = 4, 'l4_server' = 5, 'node' = 6),
    src LowCardinality(String),
    src_service LowCardinality(String),
    src_version LowCardinality(String),
    src_principal LowCardinality(String),
    src_source Enum8('none' = 0, 'mtls' = 1, 'registry' = 2, 'peer_metadata' = 3, 'endpoint_metadata' = 4, 'cluster_name' = 5, 'scrape_labels' = 6, 'dns' = 7, 'ip' = 8, 'reporter' = 9),
    dst LowCardinality(String),
    dst_service LowCardinality(String),
    dst_version LowCardinality(String),
    dst_principal LowCardinality(String),
    dst_source Enum8('none' = 0, 'mtls' = 1, 'registry' = 2, 'peer_metadata' = 3, 'endpoint_metadata' = 4, 'cluster_name' = 5, 'scrape_labels' = 6, 'dns' = 7, 'ip' = 8, 'reporter' = 9),
    proxy LowCardinality(String),
    log_name LowCardinality(String),
    route LowCardinality(String),
    method LowCardinality(String),
    protocol LowCardinality(String),
    cluster LowCardinality(String),
    upstream LowCardinality(String),
    code UInt16,
    grpc_status Int8,
    outcome Enum8('unknown' = 0, 'ok' = 1, 'client_error' = 2, 'server_error' = 3, 'timeout' = 4, 'retry_exhausted' = 5, 'overflow' = 6,
        'no_healthy' = 7, 'connect_fail' = 8, 'reset_up' = 9, 'reset_local' = 10, 'client_gone' = 11, 'denied' = 12, 'rate_limited' = 13,
        'fault' = 14, 'no_route' = 15, 'no_cluster' = 16, 'protocol_error' = 17, 'overload' = 18, 'dns_fail' = 19),
    flags UInt64,
    details LowCardinality(String),
    mtls Enum8('unknown' = 0, 'none' = 1, 'tls' = 2, 'mtls' = 3),
    duration_us UInt32,
    first_byte_us UInt32,
    attempts UInt8,
    attempt UInt8,
    request_bytes UInt64,
    response_bytes UInt64,
    call_id FixedString(16),
    request_id String,
    trace_id FixedString(16),
    span_id FixedString(8),
    duration_bin Int16,
    first_byte_bin Int16,
    block_id FixedString(16)
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS requests
(
    ts DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    skew_us Int64 CODEC(ZSTD(1)),
    vantage Enum8('unknown' = 0, 'client' = 1, 'server' = 2, 'gateway' = 3, 'l4_client' = 4, 'l4_server' = 5, 'node' = 6),
    src LowCardinality(String),
    src_service LowCardinality(String),
    src_version LowCardinality(String),
    src_principal LowCardinality(String),
    src_source Enum8('none' = 0, 'mtls' = 1, 'registry' = 2, 'peer_metadata' = 3, 'endpoint_metadata' = 4, 'cluster_name' = 5, 'scrape_labels' = 6, 'dns' = 7, 'ip' = 8, 'reporter' = 9),
    dst LowCardinality(String),
    dst_service LowCardinality(String),
    dst_version LowCardinality(String),
    dst_principal LowCardinality(String),
    dst_source Enum8('none' = 0, 'mtls' = 1, 'registry' = 2, 'peer_metadata' = 3, 'endpoint_metadata' = 4, 'cluster_name' = 5, 'scrape_labels' = 6, 'dns' = 7, 'ip' = 8, 'reporter' = 9),
    proxy LowCardinality(String),
    log_name LowCardinality(String),
    route LowCardinality(String),
    method LowCardinality(String),
    protocol LowCardinality(String),
    cluster LowCardinality(String),
    upstream LowCardinality(String),
    code UInt16,
    grpc_status Int8,
    outcome Enum8('unknown' = 0, 'ok' = 1, 'client_error' = 2, 'server_error' = 3, 'timeout' = 4, 'retry_exhausted' = 5, 'overflow' = 6,
        'no_healthy' = 7, 'connect_fail' = 8, 'reset_up' = 9, 'reset_local' = 10, 'client_gone' = 11, 'denied' = 12, 'rate_limited' = 13,
        'fault' = 14, 'no_route' = 15, 'no_cluster' = 16, 'protocol_error' = 17, 'overload' = 18, 'dns_fail' = 19),
    flags UInt64 CODEC(ZSTD(1)),
    details LowCardinality(String),
    mtls Enum8('unknown' = 0, 'none' = 1, 'tls' = 2, 'mtls' = 3),
    duration_us UInt32 CODEC(T64, ZSTD(1)),
    first_byte_us UInt32 CODEC(T64, ZSTD(1)),
    attempts UInt8,
    attempt UInt8,
    request_bytes UInt64 CODEC(T64, ZSTD(1)),
    response_bytes UInt64 CODEC(T64, ZSTD(1)),
    call_id FixedString(16) CODEC(ZSTD(1)),
    request_id String CODEC(ZSTD(1)),
    trace_id FixedString(16) CODEC(ZSTD(1)),
    span_id FixedString(8) CODEC(ZSTD(1)),
    block_id FixedString(16) CODEC(ZSTD(1)),
    INDEX trace_id_bloom trace_id TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = MergeTree
PARTITION BY toDate(ts)
ORDER BY (toStartOfFiveMinutes(ts), dst, src, route, ts)
TTL toDateTime(ts) + INTERVAL 3 DAY
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS requests_view TO requests AS
SELECT
    ts, skew_us, vantage, src, src_service, src_version, src_principal, src_source, dst, dst_service, dst_version,
    dst_principal, dst_source, proxy, log_name, route, method, protocol, cluster, upstream, code, grpc_status,
    outcome, flags, details, mtls, duration_us, first_byte_us, attempts, attempt, request_bytes, response_bytes,
    call_id, request_id, trace_id, span_id, block_id
FROM requests_in;

-- migration attempts, sha256 1a42e9b59171ddc33b408197f5f5a304b8e101ae197d90c4abff1fdc61d66411
CREATE TABLE IF NOT EXISTS attempts_in
(
    ts DateTime64(6, 'UTC'),
    skew_us Int64,
    src LowCardinality(String),
    src_service LowCardinality(String),
    src_version LowCardinality(String),
    dst LowCardinality(String),
    dst_service LowCardinality(String),
    dst_version LowCardinality(String),
    proxy LowCardinality(String),
    route LowCardinality(String),
    method LowCardinality(String),
    cluster LowCardinality(String),
    upstream LowCardinality(String),
    number UInt8,
    code UInt16,
    grpc_status Int8,
    outcome Enum8('unknown' = 0, 'ok' = 1, 'client_error' = 2, 'server_error' = 3, 'timeout' = 4, 'retry_exhausted' = 5, 'overflow' = 6,
        'no_healthy' = 7, 'connect_fail' = 8, 'reset_up' = 9, 'reset_local' = 10, 'client_gone' = 11, 'denied' = 12, 'rate_limited' = 13,
        'fault' = 14, 'no_route' = 15, 'no_cluster' = 16, 'protocol_error' = 17, 'overload' = 18, 'dns_fail' = 19),
    flags UInt64,
    failure LowCardinality(String),
    duration_us UInt32,
    first_byte_us UInt32,
    pool_wait_us UInt32,
    call_id FixedString(16),
    request_id String,
    block_id FixedString(16)
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS attempts
(
    ts DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    skew_us Int64 CODEC(ZSTD(1)),
    src LowCardinality(String),
    src_service LowCardinality(String),
    src_version LowCardinality(String),
    dst LowCardinality(String),
    dst_service LowCardinality(String),
    dst_version LowCardinality(String),
    proxy LowCardinality(String),
    route LowCardinality(String),
    method LowCardinality(String),
    cluster LowCardinality(String),
    upstream LowCardinality(String),
    number UInt8,
    code UInt16,
    grpc_status Int8,
    outcome Enum8('unknown' = 0, 'ok' = 1, 'client_error' = 2, 'server_error' = 3, 'timeout' = 4, 'retry_exhausted' = 5, 'overflow' = 6,
        'no_healthy' = 7, 'connect_fail' = 8, 'reset_up' = 9, 'reset_local' = 10, 'client_gone' = 11, 'denied' = 12, 'rate_limited' = 13,
        'fault' = 14, 'no_route' = 15, 'no_cluster' = 16, 'protocol_error' = 17, 'overload' = 18, 'dns_fail' = 19),
    flags UInt64 CODEC(ZSTD(1)),
    failure LowCardinality(String),
    duration_us UInt32 CODEC(T64, ZSTD(1)),
    first_byte_us UInt32 CODEC(T64, ZSTD(1)),
    pool_wait_us UInt32 CODEC(T64, ZSTD(1)),
    call_id FixedString(16) CODEC(ZSTD(1)),
    request_id String CODEC(ZSTD(1)),
    block_id FixedString(16) CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(ts)
ORDER BY (toStartOfFiveMinutes(ts), dst, src, route, ts)
TTL toDateTime(ts) + INTERVAL 3 DAY
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS attempts_view TO attempts AS
SELECT
    ts, skew_us, src, src_service, src_version, dst, dst_service, dst_version, proxy, route, method, cluster,
    upstream, number, code, grpc_status, outcome, flags, failure, duration_us, first_byte_us, pool_wait_us, call_id,
    request_id, block_id
FROM attempts_in;

-- migration heartbeats, sha256 81046b83ca5374fbca9c599f89f6dd1440f24ffdfc20dcac78e537812e0d4932
CREATE TABLE IF NOT EXISTS heartbeats_in
(
    ts DateTime64(6, 'UTC'),
    collector LowCardinality(String),
    proxy LowCardinality(String),
    complete_through DateTime64(6, 'UTC'),
    requests UInt64,
    attempts UInt64,
    refused UInt64,
    clamped UInt64,
    block_id FixedString(16)
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS heartbeats
(
    ts DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    collector LowCardinality(String),
    proxy LowCardinality(String),
    complete_through DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    requests UInt64 CODEC(T64, ZSTD(1)),
    attempts UInt64 CODEC(T64, ZSTD(1)),
    refused UInt64 CODEC(T64, ZSTD(1)),
    clamped UInt64 CODEC(T64, ZSTD(1)),
    block_id FixedString(16) CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(ts)
ORDER BY (collector, proxy, ts)
TTL toDateTime(ts) + INTERVAL 3 DAY
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS heartbeats_view TO heartbeats AS
SELECT
    ts, collector, proxy, complete_through, requests, attempts, refused, clamped, block_id
FROM heartbeats_in;

-- migration edge_counts_10s, sha256 b0c4e965cb092de67be55fdf3a6b4649197d7c3809d3a6ccada3cbb7c107c220
CREATE TABLE IF NOT EXISTS edge_counts_10s
(
    dst_service LowCardinality(String),
    dst LowCardinality(String),
    src_service LowCardinality(String),
    src LowCardinality(String),
    route LowCardinality(String),
    method LowCardinality(String),
    protocol LowCardinality(String),
    vantage Enum8('unknown' = 0, 'client' = 1, 'server' = 2, 'gateway' = 3, 'l4_client' = 4, 'l4_server' = 5, 'node' = 6),
    outcome Enum8('unknown' = 0, 'ok' = 1, 'client_error' = 2, 'server_error' = 3, 'timeout' = 4, 'retry_exhausted' = 5, 'overflow' = 6,
        'no_healthy' = 7, 'connect_fail' = 8, 'reset_up' = 9, 'reset_local' = 10, 'client_gone' = 11, 'denied' = 12, 'rate_limited' = 13,
        'fault' = 14, 'no_route' = 15, 'no_cluster' = 16, 'protocol_error' = 17, 'overload' = 18, 'dns_fail' = 19),
    dst_version LowCardinality(String),
    src_version LowCardinality(String),
    ts DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    requests SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    attempts SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    retried SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    request_bytes SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    response_bytes SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    duration_sum_us SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    mtls_known SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    mtls_mutual SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toDate(ts)
ORDER BY (dst_service, dst, src_service, src, route, method, protocol, vantage, outcome, dst_version, src_version, ts)
TTL ts + INTERVAL 3 DAY
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS edge_counts_10s_view TO edge_counts_10s AS
SELECT
    dst_service, dst, src_service, src, route, method, protocol, vantage, outcome, dst_version, src_version,
    toStartOfInterval(r.ts, INTERVAL 10 SECOND) AS ts,
    count() AS requests,
    sum(r.attempts) AS attempts,
    countIf(r.attempts > 1) AS retried,
    sum(r.request_bytes) AS request_bytes,
    sum(r.response_bytes) AS response_bytes,
    sum(r.duration_us) AS duration_sum_us,
    countIf(r.mtls != 'unknown') AS mtls_known,
    countIf(r.mtls = 'mtls') AS mtls_mutual
FROM requests_in AS r
GROUP BY dst_service, dst, src_service, src, route, method, protocol, vantage, outcome, dst_version, src_version, ts;

-- migration edge_counts_1m, sha256 ebc51c3b7e432a250ab133f4c269df60a7d947865c1bd48373ca536888126276
CREATE TABLE IF NOT EXISTS edge_counts_1m
(
    dst_service LowCardinality(String),
    dst LowCardinality(String),
    src_service LowCardinality(String),
    src LowCardinality(String),
    route LowCardinality(String),
    method LowCardinality(String),
    protocol LowCardinality(String),
    vantage Enum8('unknown' = 0, 'client' = 1, 'server' = 2, 'gateway' = 3, 'l4_client' = 4, 'l4_server' = 5, 'node' = 6),
    outcome Enum8('unknown' = 0, 'ok' = 1, 'client_error' = 2, 'server_error' = 3, 'timeout' = 4, 'retry_exhausted' = 5, 'overflow' = 6,
        'no_healthy' = 7, 'connect_fail' = 8, 'reset_up' = 9, 'reset_local' = 10, 'client_gone' = 11, 'denied' = 12, 'rate_limited' = 13,
        'fault' = 14, 'no_route' = 15, 'no_cluster' = 16, 'protocol_error' = 17, 'overload' = 18, 'dns_fail' = 19),
    dst_version LowCardinality(String),
    src_version LowCardinality(String),
    ts DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    requests SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    attempts SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    retried SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    request_bytes SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    response_bytes SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    duration_sum_us SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    mtls_known SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    mtls_mutual SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toDate(ts)
ORDER BY (dst_service, dst, src_service, src, route, method, protocol, vantage, outcome, dst_version, src_version, ts)
TTL ts + INTERVAL 40 DAY
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS edge_counts_1m_view TO edge_counts_1m AS
SELECT
    dst_service, dst, src_service, src, route, method, protocol, vantage, outcome, dst_version, src_version,
    toStartOfInterval(r.ts, INTERVAL 1 MINUTE) AS ts,
    count() AS requests,
    sum(r.attempts) AS attempts,
    countIf(r.attempts > 1) AS retried,
    sum(r.request_bytes) AS request_bytes,
    sum(r.response_bytes) AS response_bytes,
    sum(r.duration_us) AS duration_sum_us,
    countIf(r.mtls != 'unknown') AS mtls_known,
    countIf(r.mtls = 'mtls') AS mtls_mutual
FROM requests_in AS r
GROUP BY dst_service, dst, src_service, src, route, method, protocol, vantage, outcome, dst_version, src_version, ts;

-- migration edge_latency_10s, sha256 ec5574f41d36690239eb0ddc025426c42839dc2c7a085f65eb3a9b8c68315e0e
CREATE TABLE IF NOT EXISTS edge_latency_10s
(
    dst_service LowCardinality(String),
    dst LowCardinality(String),
    src_service LowCardinality(String),
    src LowCardinality(String),
    route LowCardinality(String),
    vantage Enum8('unknown' = 0, 'client' = 1, 'server' = 2, 'gateway' = 3, 'l4_client' = 4, 'l4_server' = 5, 'node' = 6),
    kind Enum8('total' = 1, 'ttfb' = 2),
    result Enum8('ok' = 1, 'failed' = 2),
    dst_version LowCardinality(String),
    src_version LowCardinality(String),
    ts DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    hist SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toDate(ts)
ORDER BY (dst_service, dst, src_service, src, route, vantage, kind, result, dst_version, src_version, ts)
TTL ts + INTERVAL 3 DAY
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS edge_latency_10s_view TO edge_latency_10s AS
SELECT
    dst_service, dst, src_service, src, route, vantage, kind,
    if(outcome IN ('ok', 'client_error'), 'ok', 'failed') AS result,
    dst_version, src_version,
    toStartOfInterval(r.ts, INTERVAL 10 SECOND) AS ts,
    sumMap(map(bin, toUInt64(1))) AS hist
FROM requests_in AS r
ARRAY JOIN ['total', 'ttfb'] AS kind, [duration_bin, first_byte_bin] AS bin
WHERE bin >= 0
GROUP BY dst_service, dst, src_service, src, route, vantage, kind, result, dst_version, src_version, ts;

-- migration edge_latency_1m, sha256 c9798992c14a57a09070b135773de201e3c4854f7ff40f8c8df144b932f37979
CREATE TABLE IF NOT EXISTS edge_latency_1m
(
    dst_service LowCardinality(String),
    dst LowCardinality(String),
    src_service LowCardinality(String),
    src LowCardinality(String),
    route LowCardinality(String),
    vantage Enum8('unknown' = 0, 'client' = 1, 'server' = 2, 'gateway' = 3, 'l4_client' = 4, 'l4_server' = 5, 'node' = 6),
    kind Enum8('total' = 1, 'ttfb' = 2),
    result Enum8('ok' = 1, 'failed' = 2),
    dst_version LowCardinality(String),
    src_version LowCardinality(String),
    ts DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    hist SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toDate(ts)
ORDER BY (dst_service, dst, src_service, src, route, vantage, kind, result, dst_version, src_version, ts)
TTL ts + INTERVAL 40 DAY
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS edge_latency_1m_view TO edge_latency_1m AS
SELECT
    dst_service, dst, src_service, src, route, vantage, kind,
    if(outcome IN ('ok', 'client_error'), 'ok', 'failed') AS result,
    dst_version, src_version,
    toStartOfInterval(r.ts, INTERVAL 1 MINUTE) AS ts,
    sumMap(map(bin, toUInt64(1))) AS hist
FROM requests_in AS r
ARRAY JOIN ['total', 'ttfb'] AS kind, [duration_bin, first_byte_bin] AS bin
WHERE bin >= 0
GROUP BY dst_service, dst, src_service, src, route, vantage, kind, result, dst_version, src_version, ts;

-- migration heartbeats_started, sha256 d987e902680995d67a032fc2e8f10a255d23b02cbf520e70effa4ade5bcca619
ALTER TABLE heartbeats
    ADD COLUMN IF NOT EXISTS started DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)) AFTER clamped,
    ADD COLUMN IF NOT EXISTS interim UInt64 CODEC(T64, ZSTD(1)) AFTER started;

ALTER TABLE heartbeats_in
    ADD COLUMN IF NOT EXISTS started DateTime64(6, 'UTC') AFTER clamped,
    ADD COLUMN IF NOT EXISTS interim UInt64 AFTER started;

ALTER TABLE heartbeats_view MODIFY QUERY
SELECT
    ts, collector, proxy, complete_through, requests, attempts, refused, clamped, started, interim, block_id
FROM heartbeats_in;

-- migration edge_counts_1h, sha256 fd97a02a68087407fd7ff6d5ba9aef34be54392b7b8e0dd133029bbe4b52d2d4
CREATE TABLE IF NOT EXISTS edge_counts_1h
(
    dst_service LowCardinality(String),
    dst LowCardinality(String),
    src_service LowCardinality(String),
    src LowCardinality(String),
    route LowCardinality(String),
    method LowCardinality(String),
    protocol LowCardinality(String),
    vantage Enum8('unknown' = 0, 'client' = 1, 'server' = 2, 'gateway' = 3, 'l4_client' = 4, 'l4_server' = 5, 'node' = 6),
    outcome Enum8('unknown' = 0, 'ok' = 1, 'client_error' = 2, 'server_error' = 3, 'timeout' = 4, 'retry_exhausted' = 5, 'overflow' = 6,
        'no_healthy' = 7, 'connect_fail' = 8, 'reset_up' = 9, 'reset_local' = 10, 'client_gone' = 11, 'denied' = 12, 'rate_limited' = 13,
        'fault' = 14, 'no_route' = 15, 'no_cluster' = 16, 'protocol_error' = 17, 'overload' = 18, 'dns_fail' = 19),
    dst_version LowCardinality(String),
    src_version LowCardinality(String),
    ts DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    requests SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    attempts SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    retried SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    request_bytes SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    response_bytes SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    duration_sum_us SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    mtls_known SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    mtls_mutual SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(ts)
ORDER BY (dst_service, dst, src_service, src, route, method, protocol, vantage, outcome, dst_version, src_version, ts)
TTL ts + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS edge_counts_1h_view TO edge_counts_1h AS
SELECT
    dst_service, dst, src_service, src, route, method, protocol, vantage, outcome, dst_version, src_version,
    toStartOfInterval(r.ts, INTERVAL 1 HOUR) AS ts,
    count() AS requests,
    sum(r.attempts) AS attempts,
    countIf(r.attempts > 1) AS retried,
    sum(r.request_bytes) AS request_bytes,
    sum(r.response_bytes) AS response_bytes,
    sum(r.duration_us) AS duration_sum_us,
    countIf(r.mtls != 'unknown') AS mtls_known,
    countIf(r.mtls = 'mtls') AS mtls_mutual
FROM requests_in AS r
GROUP BY dst_service, dst, src_service, src, route, method, protocol, vantage, outcome, dst_version, src_version, ts;

-- migration edge_latency_1h, sha256 bd0510860b453d84d9ea0f88fa32b9fb54f6c4953ef43456de012932dc70349b
CREATE TABLE IF NOT EXISTS edge_latency_1h
(
    dst_service LowCardinality(String),
    dst LowCardinality(String),
    src_service LowCardinality(String),
    src LowCardinality(String),
    route LowCardinality(String),
    vantage Enum8('unknown' = 0, 'client' = 1, 'server' = 2, 'gateway' = 3, 'l4_client' = 4, 'l4_server' = 5, 'node' = 6),
    kind Enum8('total' = 1, 'ttfb' = 2),
    result Enum8('ok' = 1, 'failed' = 2),
    dst_version LowCardinality(String),
    src_version LowCardinality(String),
    ts DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    hist SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(ts)
ORDER BY (dst_service, dst, src_service, src, route, vantage, kind, result, dst_version, src_version, ts)
TTL ts + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS edge_latency_1h_view TO edge_latency_1h AS
SELECT
    dst_service, dst, src_service, src, route, vantage, kind,
    if(outcome IN ('ok', 'client_error'), 'ok', 'failed') AS result,
    dst_version, src_version,
    toStartOfInterval(r.ts, INTERVAL 1 HOUR) AS ts,
    sumMap(map(bin, toUInt64(1))) AS hist
FROM requests_in AS r
ARRAY JOIN ['total', 'ttfb'] AS kind, [duration_bin, first_byte_bin] AS bin
WHERE bin >= 0
GROUP BY dst_service, dst, src_service, src, route, vantage, kind, result, dst_version, src_version, ts;

-- migration spans, sha256 bd7b0a308ffed8eab47534a3b84b2d1cf709e098c70a85363e7d68344d201821
CREATE TABLE IF NOT EXISTS spans_in
(
    start DateTime64(6, 'UTC'),
    skew_us Int64,
    duration_us UInt64,
    trace_id FixedString(16),
    span_id FixedString(8),
    parent_id FixedString(8),
    kind Enum8('unspecified' = 0, 'internal' = 1, 'server' = 2, 'client' = 3, 'producer' = 4, 'consumer' = 5),
    status Enum8('unset' = 0, 'ok' = 1, 'error' = 2),
    status_message String,
    name LowCardinality(String),
    scope LowCardinality(String),
    node LowCardinality(String),
    service LowCardinality(String),
    version LowCardinality(String),
    peer LowCardinality(String),
    proxy LowCardinality(String),
    code UInt16,
    flags UInt64,
    request_id String,
    call_id FixedString(16),
    attrs Map(LowCardinality(String), String),
    resource Map(LowCardinality(String), String),
    event_at Array(DateTime64(6, 'UTC')),
    event_name Array(LowCardinality(String)),
    event_attrs Array(Map(LowCardinality(String), String)),
    link_trace_id Array(FixedString(16)),
    link_span_id Array(FixedString(8)),
    block_id FixedString(16)
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS spans
(
    start DateTime64(6, 'UTC') CODEC(Delta(8), T64('bit'), ZSTD(1)),
    skew_us Int64 CODEC(ZSTD(1)),
    duration_us UInt64 CODEC(T64('bit'), ZSTD(1)),
    trace_id FixedString(16) CODEC(ZSTD(1)),
    span_id FixedString(8) CODEC(ZSTD(1)),
    parent_id FixedString(8) CODEC(ZSTD(1)),
    kind Enum8('unspecified' = 0, 'internal' = 1, 'server' = 2, 'client' = 3, 'producer' = 4, 'consumer' = 5) CODEC(ZSTD(1)),
    status Enum8('unset' = 0, 'ok' = 1, 'error' = 2) CODEC(ZSTD(1)),
    status_message String CODEC(ZSTD(1)),
    name LowCardinality(String) CODEC(ZSTD(1)),
    scope LowCardinality(String) CODEC(ZSTD(1)),
    node LowCardinality(String) CODEC(ZSTD(1)),
    service LowCardinality(String) CODEC(ZSTD(1)),
    version LowCardinality(String) CODEC(ZSTD(1)),
    peer LowCardinality(String) CODEC(ZSTD(1)),
    proxy LowCardinality(String) CODEC(ZSTD(1)),
    code UInt16 CODEC(ZSTD(1)),
    flags UInt64 CODEC(ZSTD(1)),
    request_id String CODEC(ZSTD(1)),
    call_id FixedString(16) CODEC(ZSTD(1)),
    attrs Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    resource Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    event_at Array(DateTime64(6, 'UTC')) CODEC(ZSTD(1)),
    event_name Array(LowCardinality(String)) CODEC(ZSTD(1)),
    event_attrs Array(Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
    link_trace_id Array(FixedString(16)) CODEC(ZSTD(1)),
    link_span_id Array(FixedString(8)) CODEC(ZSTD(1)),
    block_id FixedString(16) CODEC(ZSTD(1)),
    INDEX trace_id_bloom trace_id TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = MergeTree
PARTITION BY toDate(start)
ORDER BY (toStartOfFiveMinutes(start), service, name, start)
TTL toDateTime(start) + INTERVAL 3 DAY
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS spans_view TO spans AS
SELECT
    start, skew_us, duration_us, trace_id, span_id, parent_id, kind, status, status_message, name, scope, node,
    service, version, peer, proxy, code, flags, request_id, call_id, attrs, resource, event_at, event_name,
    event_attrs, link_trace_id, link_span_id, block_id
FROM spans_in;

-- migration logs, sha256 6bbbe5dc39383bdb88f3e12165f78015f331f455e8a12e8ccc41d8669659ba82
CREATE TABLE IF NOT EXISTS logs_in
(
    ts DateTime64(6, 'UTC'),
    skew_us Int64,
    trace_id FixedString(16),
    span_id FixedString(8),
    severity UInt8,
    node LowCardinality(String),
    service LowCardinality(String),
    version LowCardinality(String),
    scope LowCardinality(String),
    body String,
    attrs Map(LowCardinality(String), String),
    resource Map(LowCardinality(String), String),
    block_id FixedString(16)
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS logs
(
    ts DateTime64(6, 'UTC') CODEC(Delta(8), T64('bit'), ZSTD(1)),
    skew_us Int64 CODEC(ZSTD(1)),
    trace_id FixedString(16) CODEC(ZSTD(1)),
    span_id FixedString(8) CODEC(ZSTD(1)),
    severity UInt8 CODEC(ZSTD(1)),
    node LowCardinality(String) CODEC(ZSTD(1)),
    service LowCardinality(String) CODEC(ZSTD(1)),
    version LowCardinality(String) CODEC(ZSTD(1)),
    scope LowCardinality(String) CODEC(ZSTD(1)),
    body String CODEC(ZSTD(1)),
    attrs Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    resource Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    block_id FixedString(16) CODEC(ZSTD(1)),
    INDEX trace_id_bloom trace_id TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = MergeTree
PARTITION BY toDate(ts)
ORDER BY (toStartOfFiveMinutes(ts), service, ts)
TTL toDateTime(ts) + INTERVAL 3 DAY
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS logs_view TO logs AS
SELECT
    ts, skew_us, trace_id, span_id, severity, node, service, version, scope, body, attrs, resource, block_id
FROM logs_in;

-- migration edge_samples, sha256 89f406ee1c31c613858286d121faee6d6e78f04c6c77e9d7bd3ee3bd42ed2acf
CREATE TABLE IF NOT EXISTS edge_samples_in
(
    ts DateTime64(6, 'UTC'),
    step_ms UInt32,
    source LowCardinality(String),
    vantage Enum8('unknown' = 0, 'client' = 1, 'server' = 2, 'gateway' = 3, 'l4_client' = 4, 'l4_server' = 5, 'node' = 6),
    src LowCardinality(String),
    src_service LowCardinality(String),
    src_version LowCardinality(String),
    src_principal LowCardinality(String),
    src_source Enum8('none' = 0, 'mtls' = 1, 'registry' = 2, 'peer_metadata' = 3, 'endpoint_metadata' = 4, 'cluster_name' = 5, 'scrape_labels' = 6, 'dns' = 7, 'ip' = 8, 'reporter' = 9),
    dst LowCardinality(String),
    dst_service LowCardinality(String),
    dst_version LowCardinality(String),
    dst_principal LowCardinality(String),
    dst_source Enum8('none' = 0, 'mtls' = 1, 'registry' = 2, 'peer_metadata' = 3, 'endpoint_metadata' = 4, 'cluster_name' = 5, 'scrape_labels' = 6, 'dns' = 7, 'ip' = 8, 'reporter' = 9),
    proxy LowCardinality(String),
    route LowCardinality(String),
    method LowCardinality(String),
    protocol LowCardinality(String),
    mtls Enum8('unknown' = 0, 'none' = 1, 'tls' = 2, 'mtls' = 3),
    outcome Enum8('unknown' = 0, 'ok' = 1, 'client_error' = 2, 'server_error' = 3, 'timeout' = 4, 'retry_exhausted' = 5, 'overflow' = 6,
        'no_healthy' = 7, 'connect_fail' = 8, 'reset_up' = 9, 'reset_local' = 10, 'client_gone' = 11, 'denied' = 12, 'rate_limited' = 13,
        'fault' = 14, 'no_route' = 15, 'no_cluster' = 16, 'protocol_error' = 17, 'overload' = 18, 'dns_fail' = 19),
    code UInt16,
    grpc_status Int8,
    flags UInt64,
    requests UInt64,
    attempts UInt64,
    request_bytes UInt64,
    response_bytes UInt64,
    latency Enum8('none' = 0, 'full' = 1, 'ttfb' = 2, 'upstream' = 3, 'server' = 4, 'response_only' = 5),
    bounds Array(UInt64),
    counts Array(UInt64),
    latency_sum_us UInt64,
    reset UInt8,
    block_id FixedString(16)
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS edge_samples
(
    ts DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    step_ms UInt32 CODEC(T64, ZSTD(1)),
    source LowCardinality(String) CODEC(ZSTD(1)),
    vantage Enum8('unknown' = 0, 'client' = 1, 'server' = 2, 'gateway' = 3, 'l4_client' = 4, 'l4_server' = 5, 'node' = 6) CODEC(ZSTD(1)),
    src LowCardinality(String) CODEC(ZSTD(1)),
    src_service LowCardinality(String) CODEC(ZSTD(1)),
    src_version LowCardinality(String) CODEC(ZSTD(1)),
    src_principal LowCardinality(String) CODEC(ZSTD(1)),
    src_source Enum8('none' = 0, 'mtls' = 1, 'registry' = 2, 'peer_metadata' = 3, 'endpoint_metadata' = 4, 'cluster_name' = 5, 'scrape_labels' = 6, 'dns' = 7, 'ip' = 8, 'reporter' = 9) CODEC(ZSTD(1)),
    dst LowCardinality(String) CODEC(ZSTD(1)),
    dst_service LowCardinality(String) CODEC(ZSTD(1)),
    dst_version LowCardinality(String) CODEC(ZSTD(1)),
    dst_principal LowCardinality(String) CODEC(ZSTD(1)),
    dst_source Enum8('none' = 0, 'mtls' = 1, 'registry' = 2, 'peer_metadata' = 3, 'endpoint_metadata' = 4, 'cluster_name' = 5, 'scrape_labels' = 6, 'dns' = 7, 'ip' = 8, 'reporter' = 9) CODEC(ZSTD(1)),
    proxy LowCardinality(String) CODEC(ZSTD(1)),
    route LowCardinality(String) CODEC(ZSTD(1)),
    method LowCardinality(String) CODEC(ZSTD(1)),
    protocol LowCardinality(String) CODEC(ZSTD(1)),
    mtls Enum8('unknown' = 0, 'none' = 1, 'tls' = 2, 'mtls' = 3) CODEC(ZSTD(1)),
    outcome Enum8('unknown' = 0, 'ok' = 1, 'client_error' = 2, 'server_error' = 3, 'timeout' = 4, 'retry_exhausted' = 5, 'overflow' = 6,
        'no_healthy' = 7, 'connect_fail' = 8, 'reset_up' = 9, 'reset_local' = 10, 'client_gone' = 11, 'denied' = 12, 'rate_limited' = 13,
        'fault' = 14, 'no_route' = 15, 'no_cluster' = 16, 'protocol_error' = 17, 'overload' = 18, 'dns_fail' = 19) CODEC(ZSTD(1)),
    code UInt16 CODEC(ZSTD(1)),
    grpc_status Int8 CODEC(ZSTD(1)),
    flags UInt64 CODEC(ZSTD(1)),
    requests UInt64 CODEC(T64, ZSTD(1)),
    attempts UInt64 CODEC(T64, ZSTD(1)),
    request_bytes UInt64 CODEC(T64, ZSTD(1)),
    response_bytes UInt64 CODEC(T64, ZSTD(1)),
    latency Enum8('none' = 0, 'full' = 1, 'ttfb' = 2, 'upstream' = 3, 'server' = 4, 'response_only' = 5) CODEC(ZSTD(1)),
    bounds Array(UInt64) CODEC(ZSTD(1)),
    counts Array(UInt64) CODEC(ZSTD(1)),
    latency_sum_us UInt64 CODEC(T64, ZSTD(1)),
    reset UInt8 CODEC(ZSTD(1)),
    block_id FixedString(16) CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(ts)
ORDER BY (toStartOfFiveMinutes(ts), dst, src, route, source, ts)
TTL toDateTime(ts) + INTERVAL 3 DAY
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS edge_samples_view TO edge_samples AS
SELECT
    ts, step_ms, source, vantage, src, src_service, src_version, src_principal, src_source, dst, dst_service,
    dst_version, dst_principal, dst_source, proxy, route, method, protocol, mtls, outcome, code, grpc_status, flags,
    requests, attempts, request_bytes, response_bytes, latency, bounds, counts, latency_sum_us, reset, block_id
FROM edge_samples_in;

-- migration flows, sha256 ca8c455e27cfad5a10931c080f007c851a6b6ecb99a893a7c92f94df5cd3cdd7
CREATE TABLE IF NOT EXISTS flows_in
(
    ts DateTime64(6, 'UTC'),
    skew_us Int64,
    source LowCardinality(String),
    vantage Enum8('unknown' = 0, 'client' = 1, 'server' = 2, 'gateway' = 3, 'l4_client' = 4, 'l4_server' = 5, 'node' = 6),
    src LowCardinality(String),
    src_service LowCardinality(String),
    src_version LowCardinality(String),
    src_principal LowCardinality(String),
    src_source Enum8('none' = 0, 'mtls' = 1, 'registry' = 2, 'peer_metadata' = 3, 'endpoint_metadata' = 4, 'cluster_name' = 5, 'scrape_labels' = 6, 'dns' = 7, 'ip' = 8, 'reporter' = 9),
    dst LowCardinality(String),
    dst_service LowCardinality(String),
    dst_version LowCardinality(String),
    dst_principal LowCardinality(String),
    dst_source Enum8('none' = 0, 'mtls' = 1, 'registry' = 2, 'peer_metadata' = 3, 'endpoint_metadata' = 4, 'cluster_name' = 5, 'scrape_labels' = 6, 'dns' = 7, 'ip' = 8, 'reporter' = 9),
    proxy LowCardinality(String),
    route LowCardinality(String),
    protocol LowCardinality(String),
    cluster LowCardinality(String),
    upstream LowCardinality(String),
    outcome Enum8('unknown' = 0, 'ok' = 1, 'client_error' = 2, 'server_error' = 3, 'timeout' = 4, 'retry_exhausted' = 5, 'overflow' = 6,
        'no_healthy' = 7, 'connect_fail' = 8, 'reset_up' = 9, 'reset_local' = 10, 'client_gone' = 11, 'denied' = 12, 'rate_limited' = 13,
        'fault' = 14, 'no_route' = 15, 'no_cluster' = 16, 'protocol_error' = 17, 'overload' = 18, 'dns_fail' = 19),
    flags UInt64,
    details LowCardinality(String),
    mtls Enum8('unknown' = 0, 'none' = 1, 'tls' = 2, 'mtls' = 3),
    duration_us UInt64,
    sent UInt64,
    received UInt64,
    opened UInt32,
    closed UInt32,
    failed UInt32,
    refused UInt32,
    block_id FixedString(16)
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS flows
(
    ts DateTime64(6, 'UTC') CODEC(Delta(8), T64('bit'), ZSTD(1)),
    skew_us Int64 CODEC(ZSTD(1)),
    source LowCardinality(String) CODEC(ZSTD(1)),
    vantage Enum8('unknown' = 0, 'client' = 1, 'server' = 2, 'gateway' = 3, 'l4_client' = 4, 'l4_server' = 5, 'node' = 6) CODEC(ZSTD(1)),
    src LowCardinality(String) CODEC(ZSTD(1)),
    src_service LowCardinality(String) CODEC(ZSTD(1)),
    src_version LowCardinality(String) CODEC(ZSTD(1)),
    src_principal LowCardinality(String) CODEC(ZSTD(1)),
    src_source Enum8('none' = 0, 'mtls' = 1, 'registry' = 2, 'peer_metadata' = 3, 'endpoint_metadata' = 4, 'cluster_name' = 5, 'scrape_labels' = 6, 'dns' = 7, 'ip' = 8, 'reporter' = 9) CODEC(ZSTD(1)),
    dst LowCardinality(String) CODEC(ZSTD(1)),
    dst_service LowCardinality(String) CODEC(ZSTD(1)),
    dst_version LowCardinality(String) CODEC(ZSTD(1)),
    dst_principal LowCardinality(String) CODEC(ZSTD(1)),
    dst_source Enum8('none' = 0, 'mtls' = 1, 'registry' = 2, 'peer_metadata' = 3, 'endpoint_metadata' = 4, 'cluster_name' = 5, 'scrape_labels' = 6, 'dns' = 7, 'ip' = 8, 'reporter' = 9) CODEC(ZSTD(1)),
    proxy LowCardinality(String) CODEC(ZSTD(1)),
    route LowCardinality(String) CODEC(ZSTD(1)),
    protocol LowCardinality(String) CODEC(ZSTD(1)),
    cluster LowCardinality(String) CODEC(ZSTD(1)),
    upstream LowCardinality(String) CODEC(ZSTD(1)),
    outcome Enum8('unknown' = 0, 'ok' = 1, 'client_error' = 2, 'server_error' = 3, 'timeout' = 4, 'retry_exhausted' = 5, 'overflow' = 6,
        'no_healthy' = 7, 'connect_fail' = 8, 'reset_up' = 9, 'reset_local' = 10, 'client_gone' = 11, 'denied' = 12, 'rate_limited' = 13,
        'fault' = 14, 'no_route' = 15, 'no_cluster' = 16, 'protocol_error' = 17, 'overload' = 18, 'dns_fail' = 19) CODEC(ZSTD(1)),
    flags UInt64 CODEC(ZSTD(1)),
    details LowCardinality(String) CODEC(ZSTD(1)),
    mtls Enum8('unknown' = 0, 'none' = 1, 'tls' = 2, 'mtls' = 3) CODEC(ZSTD(1)),
    duration_us UInt64 CODEC(T64, ZSTD(1)),
    sent UInt64 CODEC(T64, ZSTD(1)),
    received UInt64 CODEC(T64, ZSTD(1)),
    opened UInt32 CODEC(T64, ZSTD(1)),
    closed UInt32 CODEC(T64, ZSTD(1)),
    failed UInt32 CODEC(T64, ZSTD(1)),
    refused UInt32 CODEC(T64, ZSTD(1)),
    block_id FixedString(16) CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(ts)
ORDER BY (toStartOfFiveMinutes(ts), dst, src, ts)
TTL toDateTime(ts) + INTERVAL 3 DAY
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS flows_view TO flows AS
SELECT
    ts, skew_us, source, vantage, src, src_service, src_version, src_principal, src_source, dst, dst_service,
    dst_version, dst_principal, dst_source, proxy, route, protocol, cluster, upstream, outcome, flags, details, mtls,
    duration_us, sent, received, opened, closed, failed, refused, block_id
FROM flows_in;

-- migration proxy_stats, sha256 5a2b92ebdb072af8ed272cc17ad65e9ee006b4e49641728a087988a4fa36cdd9
CREATE TABLE IF NOT EXISTS proxy_stats_in
(
    ts DateTime64(3, 'UTC'),
    step_ms UInt32,
    started DateTime64(3, 'UTC'),
    proxy LowCardinality(String),
    node LowCardinality(String),
    source LowCardinality(String),
    scope Enum8('server' = 0, 'cluster' = 1, 'listener' = 2, 'http' = 3, 'route' = 4, 'balancer' = 5, 'log' = 6, 'process' = 7),
    object LowCardinality(String),
    name LowCardinality(String),
    kind Enum8('counter' = 0, 'gauge' = 1),
    value Float64,
    total Float64,
    reset UInt8,
    block_id FixedString(16)
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS proxy_stats
(
    ts DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    step_ms UInt32 CODEC(T64, ZSTD(1)),
    started DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    proxy LowCardinality(String) CODEC(ZSTD(1)),
    node LowCardinality(String) CODEC(ZSTD(1)),
    source LowCardinality(String) CODEC(ZSTD(1)),
    scope Enum8('server' = 0, 'cluster' = 1, 'listener' = 2, 'http' = 3, 'route' = 4, 'balancer' = 5, 'log' = 6, 'process' = 7) CODEC(ZSTD(1)),
    object LowCardinality(String) CODEC(ZSTD(1)),
    name LowCardinality(String) CODEC(ZSTD(1)),
    kind Enum8('counter' = 0, 'gauge' = 1) CODEC(ZSTD(1)),
    value Float64 CODEC(ZSTD(1)),
    total Float64 CODEC(Gorilla, ZSTD(1)),
    reset UInt8 CODEC(ZSTD(1)),
    block_id FixedString(16) CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(ts)
ORDER BY (scope, name, proxy, object, ts)
TTL toDateTime(ts) + INTERVAL 40 DAY
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS proxy_stats_view TO proxy_stats AS
SELECT
    ts, step_ms, started, proxy, node, source, scope, object, name, kind, value, total, reset, block_id
FROM proxy_stats_in;

-- migration config_changes, sha256 2dddc4cd4f94d29397ced12b728e9875c4c5f06e68990e4529dbd6edba8d4506
CREATE TABLE IF NOT EXISTS config_changes_in
(
    ts DateTime64(6, 'UTC'),
    source LowCardinality(String),
    action LowCardinality(String),
    kind LowCardinality(String),
    namespace LowCardinality(String),
    name LowCardinality(String),
    generation UInt64,
    actor LowCardinality(String),
    reason String,
    text String,
    block_id FixedString(16)
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS config_changes
(
    ts DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    source LowCardinality(String) CODEC(ZSTD(1)),
    action LowCardinality(String) CODEC(ZSTD(1)),
    kind LowCardinality(String) CODEC(ZSTD(1)),
    namespace LowCardinality(String) CODEC(ZSTD(1)),
    name LowCardinality(String) CODEC(ZSTD(1)),
    generation UInt64 CODEC(T64, ZSTD(1)),
    actor LowCardinality(String) CODEC(ZSTD(1)),
    reason String CODEC(ZSTD(1)),
    text String CODEC(ZSTD(1)),
    block_id FixedString(16) CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(ts)
ORDER BY (kind, namespace, name, ts)
TTL toDateTime(ts) + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS config_changes_view TO config_changes AS
SELECT
    ts, source, action, kind, namespace, name, generation, actor, reason, text, block_id
FROM config_changes_in;

-- migration requests_codecs, sha256 cc6f19339c8b79b2dc2c9695caddcd538e70b07f5b4f2434be99e6884eaebdb4
ALTER TABLE requests
    MODIFY COLUMN ts CODEC(Delta(8), T64('bit'), ZSTD(1)),
    MODIFY COLUMN duration_us CODEC(T64('bit'), ZSTD(1)),
    MODIFY COLUMN first_byte_us CODEC(T64('bit'), ZSTD(1)),
    MODIFY COLUMN vantage CODEC(ZSTD(1)),
    MODIFY COLUMN src CODEC(ZSTD(1)),
    MODIFY COLUMN src_service CODEC(ZSTD(1)),
    MODIFY COLUMN src_version CODEC(ZSTD(1)),
    MODIFY COLUMN src_principal CODEC(ZSTD(1)),
    MODIFY COLUMN src_source CODEC(ZSTD(1)),
    MODIFY COLUMN dst CODEC(ZSTD(1)),
    MODIFY COLUMN dst_service CODEC(ZSTD(1)),
    MODIFY COLUMN dst_version CODEC(ZSTD(1)),
    MODIFY COLUMN dst_principal CODEC(ZSTD(1)),
    MODIFY COLUMN dst_source CODEC(ZSTD(1)),
    MODIFY COLUMN proxy CODEC(ZSTD(1)),
    MODIFY COLUMN log_name CODEC(ZSTD(1)),
    MODIFY COLUMN route CODEC(ZSTD(1)),
    MODIFY COLUMN method CODEC(ZSTD(1)),
    MODIFY COLUMN protocol CODEC(ZSTD(1)),
    MODIFY COLUMN cluster CODEC(ZSTD(1)),
    MODIFY COLUMN upstream CODEC(ZSTD(1)),
    MODIFY COLUMN code CODEC(ZSTD(1)),
    MODIFY COLUMN grpc_status CODEC(ZSTD(1)),
    MODIFY COLUMN outcome CODEC(ZSTD(1)),
    MODIFY COLUMN details CODEC(ZSTD(1)),
    MODIFY COLUMN mtls CODEC(ZSTD(1)),
    MODIFY COLUMN attempts CODEC(ZSTD(1)),
    MODIFY COLUMN attempt CODEC(ZSTD(1));

-- migration attempts_codecs, sha256 1a33d54d1d4cffbe49a194b2a4d7e78a9c293b1b70354693ba714f7d33bd2098
ALTER TABLE attempts
    MODIFY COLUMN ts CODEC(Delta(8), T64('bit'), ZSTD(1)),
    MODIFY COLUMN duration_us CODEC(T64('bit'), ZSTD(1)),
    MODIFY COLUMN first_byte_us CODEC(T64('bit'), ZSTD(1)),
    MODIFY COLUMN pool_wait_us CODEC(T64('bit'), ZSTD(1)),
    MODIFY COLUMN src CODEC(ZSTD(1)),
    MODIFY COLUMN src_service CODEC(ZSTD(1)),
    MODIFY COLUMN src_version CODEC(ZSTD(1)),
    MODIFY COLUMN dst CODEC(ZSTD(1)),
    MODIFY COLUMN dst_service CODEC(ZSTD(1)),
    MODIFY COLUMN dst_version CODEC(ZSTD(1)),
    MODIFY COLUMN proxy CODEC(ZSTD(1)),
    MODIFY COLUMN route CODEC(ZSTD(1)),
    MODIFY COLUMN method CODEC(ZSTD(1)),
    MODIFY COLUMN cluster CODEC(ZSTD(1)),
    MODIFY COLUMN upstream CODEC(ZSTD(1)),
    MODIFY COLUMN number CODEC(ZSTD(1)),
    MODIFY COLUMN code CODEC(ZSTD(1)),
    MODIFY COLUMN grpc_status CODEC(ZSTD(1)),
    MODIFY COLUMN outcome CODEC(ZSTD(1)),
    MODIFY COLUMN failure CODEC(ZSTD(1));

-- migration edge_latency_codecs, sha256 afc6235b33fd99995cad77125e45e52b1b91aea1cf6ccd483166e27376e6c6d8
ALTER TABLE edge_latency_10s
    MODIFY COLUMN hist CODEC(LZ4HC(9));

ALTER TABLE edge_latency_1m
    MODIFY COLUMN hist CODEC(LZ4HC(9));

ALTER TABLE edge_latency_1h
    MODIFY COLUMN hist CODEC(LZ4HC(9));

-- migration heartbeats_flows, sha256 065f3fe47fb5eb4492e3c0f6eb7ab66dbb5780021a231af30ac086ef4459404d
ALTER TABLE heartbeats
    ADD COLUMN IF NOT EXISTS flows UInt64 CODEC(T64, ZSTD(1)) AFTER interim;

ALTER TABLE heartbeats_in
    ADD COLUMN IF NOT EXISTS flows UInt64 AFTER interim;

ALTER TABLE heartbeats_view MODIFY QUERY
SELECT
    ts, collector, proxy, complete_through, requests, attempts, refused, clamped, started, interim, flows, block_id
FROM heartbeats_in;

-- retention of heartbeats
ALTER TABLE heartbeats
    MODIFY SETTING materialize_ttl_recalculate_only = 1;

ALTER TABLE heartbeats
    MODIFY TTL toDateTime(ts) + INTERVAL 40 DAY
    SETTINGS materialize_ttl_after_modify = 1, alter_sync = 0;

-- a quarter of requests
ALTER TABLE requests_view MODIFY QUERY
SELECT
    ts, skew_us, vantage, src, src_service, src_version, src_principal, src_source, dst, dst_service, dst_version,
    dst_principal, dst_source, proxy, log_name, route, method, protocol, cluster, upstream, code, grpc_status,
    outcome, flags, details, mtls, duration_us, first_byte_us, attempts, attempt, request_bytes, response_bytes,
    call_id, request_id, trace_id, span_id, block_id
FROM requests_in
WHERE outcome != 'ok' OR attempts > 1 OR attempt > 1
    OR (multiIf(
        call_id != toFixedString('', 16), sipHash64(call_id),
        trace_id != toFixedString('', 16), sipHash64(trace_id),
        sipHash64(request_id, ts, proxy)) % 1000000) < 250000;

-- all requests
ALTER TABLE requests_view MODIFY QUERY
SELECT
    ts, skew_us, vantage, src, src_service, src_version, src_principal, src_source, dst, dst_service, dst_version,
    dst_principal, dst_source, proxy, log_name, route, method, protocol, cluster, upstream, code, grpc_status,
    outcome, flags, details, mtls, duration_us, first_byte_us, attempts, attempt, request_bytes, response_bytes,
    call_id, request_id, trace_id, span_id, block_id
FROM requests_in;

