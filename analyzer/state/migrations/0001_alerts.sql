-- Incidents and the outbox of their notifications. Owner: analyzer/alert.
-- Times are microseconds since the Unix epoch.

-- +goose Up
CREATE TABLE incidents (
    id          TEXT    PRIMARY KEY,
    slo         TEXT    NOT NULL,
    service     TEXT    NOT NULL,
    severity    TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('firing', 'resolved')),
    fired_at    INTEGER NOT NULL,
    window_from INTEGER NOT NULL, -- start of the long window that fired
    calm_since  INTEGER,          -- end of the first window since which no row was hot; NULL: still hot
    resolved_at INTEGER,
    CHECK ((state = 'resolved') = (resolved_at IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX incidents_open ON incidents (slo, severity) WHERE state = 'firing';
CREATE INDEX incidents_fired_at ON incidents (fired_at);

CREATE TABLE deliveries (
    id           TEXT    PRIMARY KEY, -- the webhook-id: constant over retries
    incident     TEXT    NOT NULL REFERENCES incidents (id),
    target       TEXT    NOT NULL,
    event        TEXT    NOT NULL CHECK (event IN ('firing', 'resolved')),
    state        TEXT    NOT NULL CHECK (state IN ('pending', 'delivered', 'dead', 'skipped')),
    body         BLOB    NOT NULL,    -- frozen: every try sends these bytes
    created_at   INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,    -- not to be tried before
    tries        INTEGER NOT NULL DEFAULT 0,
    lease_until  INTEGER NOT NULL DEFAULT 0, -- another sender may take it after
    seen         INTEGER NOT NULL DEFAULT 0, -- 1: the receiver may have got it
    delivered_at INTEGER,
    last_error   TEXT    NOT NULL DEFAULT '',
    UNIQUE (incident, target, event)
) STRICT;

CREATE INDEX deliveries_pending ON deliveries (target, due_at) WHERE state = 'pending';

CREATE TABLE targets (
    name        TEXT    PRIMARY KEY,
    url         TEXT    NOT NULL, -- a changed URL enables the target again
    disabled_at INTEGER           -- it answered 410 Gone; NULL: enabled
) STRICT;

-- +goose Down
DROP TABLE targets;
DROP TABLE deliveries;
DROP TABLE incidents;
