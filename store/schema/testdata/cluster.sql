-- database
CREATE DATABASE IF NOT EXISTS plimsoll ON CLUSTER '{cluster}';

-- schema_migrations
CREATE TABLE IF NOT EXISTS schema_migrations ON CLUSTER '{cluster}'
(
    id UInt32,
    name String,
    checksum String,
    applied_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/all', '{shard}-{replica}')
ORDER BY (id, checksum)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- migration requests, sha256 1e4839c5bea37d33b6f6bee5297297cb1c7dbe3cf66358f9a3c6ef05ece6a083
CREATE TABLE IF NOT EXISTS requests_in ON CLUSTER '{cluster}'
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

CREATE TABLE IF NOT EXISTS requests_local ON CLUSTER '{cluster}'
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
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toDate(ts)
ORDER BY (toStartOfFiveMinutes(ts), dst, src, route, ts)
TTL toDateTime(ts) + INTERVAL 3 DAY
SETTINGS replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS requests_view ON CLUSTER '{cluster}' TO requests_local AS
SELECT
    ts, skew_us, vantage, src, src_service, src_version, src_principal, src_source, dst, dst_service, dst_version,
    dst_principal, dst_source, proxy, log_name, route, method, protocol, cluster, upstream, code, grpc_status,
    outcome, flags, details, mtls, duration_us, first_byte_us, attempts, attempt, request_bytes, response_bytes,
    call_id, request_id, trace_id, span_id, block_id
FROM requests_in;

CREATE TABLE IF NOT EXISTS requests ON CLUSTER '{cluster}' AS requests_local
ENGINE = Distributed('{cluster}', currentDatabase(), 'requests_local');

-- migration attempts, sha256 7c81aec45f642486c8550bf4bdade752e1779e7c39a7183f45af9cf64bd978b0
CREATE TABLE IF NOT EXISTS attempts_in ON CLUSTER '{cluster}'
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

CREATE TABLE IF NOT EXISTS attempts_local ON CLUSTER '{cluster}'
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
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toDate(ts)
ORDER BY (toStartOfFiveMinutes(ts), dst, src, route, ts)
TTL toDateTime(ts) + INTERVAL 3 DAY
SETTINGS replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS attempts_view ON CLUSTER '{cluster}' TO attempts_local AS
SELECT
    ts, skew_us, src, src_service, src_version, dst, dst_service, dst_version, proxy, route, method, cluster,
    upstream, number, code, grpc_status, outcome, flags, failure, duration_us, first_byte_us, pool_wait_us, call_id,
    request_id, block_id
FROM attempts_in;

CREATE TABLE IF NOT EXISTS attempts ON CLUSTER '{cluster}' AS attempts_local
ENGINE = Distributed('{cluster}', currentDatabase(), 'attempts_local');

-- migration heartbeats, sha256 dfc65be2ef07a517221d541c10bdb2afab717f6b78afc3d22237fe32d57e1ec4
CREATE TABLE IF NOT EXISTS heartbeats_in ON CLUSTER '{cluster}'
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

CREATE TABLE IF NOT EXISTS heartbeats_local ON CLUSTER '{cluster}'
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
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toDate(ts)
ORDER BY (collector, proxy, ts)
TTL toDateTime(ts) + INTERVAL 3 DAY
SETTINGS replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS heartbeats_view ON CLUSTER '{cluster}' TO heartbeats_local AS
SELECT
    ts, collector, proxy, complete_through, requests, attempts, refused, clamped, block_id
FROM heartbeats_in;

CREATE TABLE IF NOT EXISTS heartbeats ON CLUSTER '{cluster}' AS heartbeats_local
ENGINE = Distributed('{cluster}', currentDatabase(), 'heartbeats_local');

-- migration edge_counts_10s, sha256 940ed0dbeeaf3926186f5dbeda739031ea9491ddc964dd6480897554f04fcbdf
CREATE TABLE IF NOT EXISTS edge_counts_10s_local ON CLUSTER '{cluster}'
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
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toDate(ts)
ORDER BY (dst_service, dst, src_service, src, route, method, protocol, vantage, outcome, dst_version, src_version, ts)
TTL ts + INTERVAL 3 DAY
SETTINGS replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS edge_counts_10s_view ON CLUSTER '{cluster}' TO edge_counts_10s_local AS
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

CREATE TABLE IF NOT EXISTS edge_counts_10s ON CLUSTER '{cluster}' AS edge_counts_10s_local
ENGINE = Distributed('{cluster}', currentDatabase(), 'edge_counts_10s_local');

-- migration edge_counts_1m, sha256 aa698736a2c97800459c5882ae4622f06a023a6f976c679a0cadab8c4d904702
CREATE TABLE IF NOT EXISTS edge_counts_1m_local ON CLUSTER '{cluster}'
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
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toDate(ts)
ORDER BY (dst_service, dst, src_service, src, route, method, protocol, vantage, outcome, dst_version, src_version, ts)
TTL ts + INTERVAL 40 DAY
SETTINGS replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS edge_counts_1m_view ON CLUSTER '{cluster}' TO edge_counts_1m_local AS
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

CREATE TABLE IF NOT EXISTS edge_counts_1m ON CLUSTER '{cluster}' AS edge_counts_1m_local
ENGINE = Distributed('{cluster}', currentDatabase(), 'edge_counts_1m_local');

-- migration edge_latency_10s, sha256 aa61dfa1fc6d7fd87435438d6f3d27979606cc79158ee65464436d22fd816d88
CREATE TABLE IF NOT EXISTS edge_latency_10s_local ON CLUSTER '{cluster}'
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
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toDate(ts)
ORDER BY (dst_service, dst, src_service, src, route, vantage, kind, result, dst_version, src_version, ts)
TTL ts + INTERVAL 3 DAY
SETTINGS replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS edge_latency_10s_view ON CLUSTER '{cluster}' TO edge_latency_10s_local AS
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

CREATE TABLE IF NOT EXISTS edge_latency_10s ON CLUSTER '{cluster}' AS edge_latency_10s_local
ENGINE = Distributed('{cluster}', currentDatabase(), 'edge_latency_10s_local');

-- migration edge_latency_1m, sha256 0004b67113f5ee0147f91e38e7bd9c52d3b7f6a07c2a3a6d39475223922af64a
CREATE TABLE IF NOT EXISTS edge_latency_1m_local ON CLUSTER '{cluster}'
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
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toDate(ts)
ORDER BY (dst_service, dst, src_service, src, route, vantage, kind, result, dst_version, src_version, ts)
TTL ts + INTERVAL 40 DAY
SETTINGS replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS edge_latency_1m_view ON CLUSTER '{cluster}' TO edge_latency_1m_local AS
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

CREATE TABLE IF NOT EXISTS edge_latency_1m ON CLUSTER '{cluster}' AS edge_latency_1m_local
ENGINE = Distributed('{cluster}', currentDatabase(), 'edge_latency_1m_local');

-- migration heartbeats_started, sha256 a8e6a294b821e8f0d76fb1e661cb19542b5de13fc92b6f5c10a25da40caac5c9
ALTER TABLE heartbeats_local ON CLUSTER '{cluster}'
    ADD COLUMN IF NOT EXISTS started DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)) AFTER clamped,
    ADD COLUMN IF NOT EXISTS interim UInt64 CODEC(T64, ZSTD(1)) AFTER started;

ALTER TABLE heartbeats ON CLUSTER '{cluster}'
    ADD COLUMN IF NOT EXISTS started DateTime64(6, 'UTC') AFTER clamped,
    ADD COLUMN IF NOT EXISTS interim UInt64 AFTER started;

ALTER TABLE heartbeats_in ON CLUSTER '{cluster}'
    ADD COLUMN IF NOT EXISTS started DateTime64(6, 'UTC') AFTER clamped,
    ADD COLUMN IF NOT EXISTS interim UInt64 AFTER started;

ALTER TABLE heartbeats_view ON CLUSTER '{cluster}' MODIFY QUERY
SELECT
    ts, collector, proxy, complete_through, requests, attempts, refused, clamped, started, interim, block_id
FROM heartbeats_in;

-- migration edge_counts_1h, sha256 d7efc684f3047f5366bfac6be16bfa07368e6f2d97b58a17feec393526bdca69
CREATE TABLE IF NOT EXISTS edge_counts_1h_local ON CLUSTER '{cluster}'
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
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toYYYYMM(ts)
ORDER BY (dst_service, dst, src_service, src, route, method, protocol, vantage, outcome, dst_version, src_version, ts)
TTL ts + INTERVAL 400 DAY
SETTINGS replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS edge_counts_1h_view ON CLUSTER '{cluster}' TO edge_counts_1h_local AS
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

CREATE TABLE IF NOT EXISTS edge_counts_1h ON CLUSTER '{cluster}' AS edge_counts_1h_local
ENGINE = Distributed('{cluster}', currentDatabase(), 'edge_counts_1h_local');

-- migration edge_latency_1h, sha256 d3cdf11436abee679ffa92978f6df82212ba220fc572c1de2320c049bbe68bcf
CREATE TABLE IF NOT EXISTS edge_latency_1h_local ON CLUSTER '{cluster}'
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
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toYYYYMM(ts)
ORDER BY (dst_service, dst, src_service, src, route, vantage, kind, result, dst_version, src_version, ts)
TTL ts + INTERVAL 400 DAY
SETTINGS replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS edge_latency_1h_view ON CLUSTER '{cluster}' TO edge_latency_1h_local AS
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

CREATE TABLE IF NOT EXISTS edge_latency_1h ON CLUSTER '{cluster}' AS edge_latency_1h_local
ENGINE = Distributed('{cluster}', currentDatabase(), 'edge_latency_1h_local');

-- migration spans, sha256 b83d8dbddf653c62f38974200207cd211c7c76b0cafa5745a9ba17af49171cef
CREATE TABLE IF NOT EXISTS spans_in ON CLUSTER '{cluster}'
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

CREATE TABLE IF NOT EXISTS spans_local ON CLUSTER '{cluster}'
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
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toDate(start)
ORDER BY (toStartOfFiveMinutes(start), service, name, start)
TTL toDateTime(start) + INTERVAL 3 DAY
SETTINGS replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS spans_view ON CLUSTER '{cluster}' TO spans_local AS
SELECT
    start, skew_us, duration_us, trace_id, span_id, parent_id, kind, status, status_message, name, scope, node,
    service, version, peer, proxy, code, flags, request_id, call_id, attrs, resource, event_at, event_name,
    event_attrs, link_trace_id, link_span_id, block_id
FROM spans_in;

CREATE TABLE IF NOT EXISTS spans ON CLUSTER '{cluster}' AS spans_local
ENGINE = Distributed('{cluster}', currentDatabase(), 'spans_local');

-- migration logs, sha256 3ffb3358502ee438d1f5bd4f0d2f85e5a929d5e192ad5b28f6760cf85b919004
CREATE TABLE IF NOT EXISTS logs_in ON CLUSTER '{cluster}'
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

CREATE TABLE IF NOT EXISTS logs_local ON CLUSTER '{cluster}'
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
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toDate(ts)
ORDER BY (toStartOfFiveMinutes(ts), service, ts)
TTL toDateTime(ts) + INTERVAL 3 DAY
SETTINGS replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS logs_view ON CLUSTER '{cluster}' TO logs_local AS
SELECT
    ts, skew_us, trace_id, span_id, severity, node, service, version, scope, body, attrs, resource, block_id
FROM logs_in;

CREATE TABLE IF NOT EXISTS logs ON CLUSTER '{cluster}' AS logs_local
ENGINE = Distributed('{cluster}', currentDatabase(), 'logs_local');

-- migration edge_samples, sha256 eed417ff9a375cc5554e87832bea960b661bbbaec6037086379529855bb740fd
CREATE TABLE IF NOT EXISTS edge_samples_in ON CLUSTER '{cluster}'
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

CREATE TABLE IF NOT EXISTS edge_samples_local ON CLUSTER '{cluster}'
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
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toDate(ts)
ORDER BY (toStartOfFiveMinutes(ts), dst, src, route, source, ts)
TTL toDateTime(ts) + INTERVAL 3 DAY
SETTINGS replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS edge_samples_view ON CLUSTER '{cluster}' TO edge_samples_local AS
SELECT
    ts, step_ms, source, vantage, src, src_service, src_version, src_principal, src_source, dst, dst_service,
    dst_version, dst_principal, dst_source, proxy, route, method, protocol, mtls, outcome, code, grpc_status, flags,
    requests, attempts, request_bytes, response_bytes, latency, bounds, counts, latency_sum_us, reset, block_id
FROM edge_samples_in;

CREATE TABLE IF NOT EXISTS edge_samples ON CLUSTER '{cluster}' AS edge_samples_local
ENGINE = Distributed('{cluster}', currentDatabase(), 'edge_samples_local');

-- migration flows, sha256 01895e1af79fef753045c05c6779f972376906d1d5a9c2e939ce74cbf281b9f0
CREATE TABLE IF NOT EXISTS flows_in ON CLUSTER '{cluster}'
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

CREATE TABLE IF NOT EXISTS flows_local ON CLUSTER '{cluster}'
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
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toDate(ts)
ORDER BY (toStartOfFiveMinutes(ts), dst, src, ts)
TTL toDateTime(ts) + INTERVAL 3 DAY
SETTINGS replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS flows_view ON CLUSTER '{cluster}' TO flows_local AS
SELECT
    ts, skew_us, source, vantage, src, src_service, src_version, src_principal, src_source, dst, dst_service,
    dst_version, dst_principal, dst_source, proxy, route, protocol, cluster, upstream, outcome, flags, details, mtls,
    duration_us, sent, received, opened, closed, failed, refused, block_id
FROM flows_in;

CREATE TABLE IF NOT EXISTS flows ON CLUSTER '{cluster}' AS flows_local
ENGINE = Distributed('{cluster}', currentDatabase(), 'flows_local');

-- migration proxy_stats, sha256 55713ea7f48c640397170396e55c8724477fc3a558e40f8817fa48f19ea4c990
CREATE TABLE IF NOT EXISTS proxy_stats_in ON CLUSTER '{cluster}'
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

CREATE TABLE IF NOT EXISTS proxy_stats_local ON CLUSTER '{cluster}'
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
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toDate(ts)
ORDER BY (scope, name, proxy, object, ts)
TTL toDateTime(ts) + INTERVAL 40 DAY
SETTINGS replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS proxy_stats_view ON CLUSTER '{cluster}' TO proxy_stats_local AS
SELECT
    ts, step_ms, started, proxy, node, source, scope, object, name, kind, value, total, reset, block_id
FROM proxy_stats_in;

CREATE TABLE IF NOT EXISTS proxy_stats ON CLUSTER '{cluster}' AS proxy_stats_local
ENGINE = Distributed('{cluster}', currentDatabase(), 'proxy_stats_local');

-- migration config_changes, sha256 095fd8cee057bf705cc9aa866c0e94d66a69fcd7e15bd7d3b1ebf2618b261979
CREATE TABLE IF NOT EXISTS config_changes_in ON CLUSTER '{cluster}'
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

CREATE TABLE IF NOT EXISTS config_changes_local ON CLUSTER '{cluster}'
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
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
PARTITION BY toYYYYMM(ts)
ORDER BY (kind, namespace, name, ts)
TTL toDateTime(ts) + INTERVAL 400 DAY
SETTINGS replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS config_changes_view ON CLUSTER '{cluster}' TO config_changes_local AS
SELECT
    ts, source, action, kind, namespace, name, generation, actor, reason, text, block_id
FROM config_changes_in;

CREATE TABLE IF NOT EXISTS config_changes ON CLUSTER '{cluster}' AS config_changes_local
ENGINE = Distributed('{cluster}', currentDatabase(), 'config_changes_local');

-- migration requests_codecs, sha256 8330bf3078bacc1d19ab8bada3029100d68e94629883483b5321f1bceaf69c09
ALTER TABLE requests_local ON CLUSTER '{cluster}'
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

-- migration attempts_codecs, sha256 f9452d06190b61e30c7c7b1156d8d700fec320a91fbb0fb4ded5fb2459a7271e
ALTER TABLE attempts_local ON CLUSTER '{cluster}'
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

-- migration edge_latency_codecs, sha256 70e15213a242645c26f293de446adf44d5d805b7e7bd4024e3f1daa8622abb7c
ALTER TABLE edge_latency_10s_local ON CLUSTER '{cluster}'
    MODIFY COLUMN hist CODEC(LZ4HC(9));

ALTER TABLE edge_latency_1m_local ON CLUSTER '{cluster}'
    MODIFY COLUMN hist CODEC(LZ4HC(9));

ALTER TABLE edge_latency_1h_local ON CLUSTER '{cluster}'
    MODIFY COLUMN hist CODEC(LZ4HC(9));

-- migration heartbeats_flows, sha256 8ba860de4e7b282614d74465bdc40d1b42184554c5c86771b208b5527af8fb3d
ALTER TABLE heartbeats_local ON CLUSTER '{cluster}'
    ADD COLUMN IF NOT EXISTS flows UInt64 CODEC(T64, ZSTD(1)) AFTER interim;

ALTER TABLE heartbeats ON CLUSTER '{cluster}'
    ADD COLUMN IF NOT EXISTS flows UInt64 AFTER interim;

ALTER TABLE heartbeats_in ON CLUSTER '{cluster}'
    ADD COLUMN IF NOT EXISTS flows UInt64 AFTER interim;

ALTER TABLE heartbeats_view ON CLUSTER '{cluster}' MODIFY QUERY
SELECT
    ts, collector, proxy, complete_through, requests, attempts, refused, clamped, started, interim, flows, block_id
FROM heartbeats_in;

-- retention of heartbeats
ALTER TABLE heartbeats_local ON CLUSTER '{cluster}'
    MODIFY SETTING materialize_ttl_recalculate_only = 1;

ALTER TABLE heartbeats_local ON CLUSTER '{cluster}'
    MODIFY TTL toDateTime(ts) + INTERVAL 40 DAY
    SETTINGS materialize_ttl_after_modify = 1, alter_sync = 0;

-- a quarter of requests
ALTER TABLE requests_view ON CLUSTER '{cluster}' MODIFY QUERY
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
ALTER TABLE requests_view ON CLUSTER '{cluster}' MODIFY QUERY
SELECT
    ts, skew_us, vantage, src, src_service, src_version, src_principal, src_source, dst, dst_service, dst_version,
    dst_principal, dst_source, proxy, log_name, route, method, protocol, cluster, upstream, code, grpc_status,
    outcome, flags, details, mtls, duration_us, first_byte_us, attempts, attempt, request_bytes, response_bytes,
    call_id, request_id, trace_id, span_id, block_id
FROM requests_in;

