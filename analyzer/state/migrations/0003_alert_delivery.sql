-- Who acts, what mutes an incident, and what a delivery needs for both. Owner:
-- analyzer/alert. Times are microseconds since the Unix epoch.

-- +goose Up
-- The analyzer that evaluates and delivers. Everything it writes asks first
-- whether the epoch is still its own.
CREATE TABLE leaders (
    name   TEXT    PRIMARY KEY,
    holder TEXT    NOT NULL, -- empty: nobody, the next one may take it at once
    epoch  INTEGER NOT NULL, -- counts the holders
    beat   INTEGER NOT NULL  -- counts up while the holder lives
) STRICT;

INSERT INTO leaders (name, holder, epoch, beat) VALUES ('alert', '', 0, 0);

ALTER TABLE incidents ADD COLUMN notice TEXT NOT NULL DEFAULT '';      -- what is said of it, as JSON: the latest
ALTER TABLE incidents ADD COLUMN muted_by TEXT NOT NULL DEFAULT '';    -- why nobody is told; empty: they are
ALTER TABLE incidents ADD COLUMN told INTEGER NOT NULL DEFAULT 1;      -- 1: its messages are made

ALTER TABLE deliveries ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;        -- order of their making
ALTER TABLE deliveries ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;      -- of the leader that claimed it last
ALTER TABLE deliveries ADD COLUMN touched_at INTEGER NOT NULL DEFAULT 0; -- last written; in the future: the clock went back
ALTER TABLE deliveries ADD COLUMN since INTEGER NOT NULL DEFAULT 0;      -- it expires 72 h after
ALTER TABLE deliveries ADD COLUMN carrier TEXT NOT NULL DEFAULT '';       -- the message that says it, too; empty: it goes by itself

CREATE INDEX deliveries_seq ON deliveries (seq);
CREATE INDEX deliveries_carrier ON deliveries (carrier) WHERE carrier <> '';
CREATE INDEX deliveries_next ON deliveries (target, seq) WHERE state = 'pending';
CREATE INDEX deliveries_incident ON deliveries (incident);

CREATE TABLE silences (
    id          TEXT    PRIMARY KEY,
    matchers    TEXT    NOT NULL, -- as JSON: all must match
    starts_at   INTEGER NOT NULL,
    ends_at     INTEGER NOT NULL,
    rule        TEXT    NOT NULL DEFAULT '', -- RFC 5545 RRULE; empty: once, from start to end
    zone        TEXT    NOT NULL DEFAULT '', -- IANA name, in which the rule is meant
    duration_us INTEGER NOT NULL DEFAULT 0,  -- of each occurrence of the rule
    created_by  TEXT    NOT NULL,
    comment     TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    ended_at    INTEGER                      -- ended by hand
) STRICT;

-- +goose Down
DROP TABLE silences;
DROP TABLE leaders;
