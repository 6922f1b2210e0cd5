-- Plans of the tuner, what was applied of them, and an audit trail. Owner:
-- analyzer/tune/plans. Times are microseconds since the Unix epoch.

-- +goose Up
CREATE TABLE plans (
    id             TEXT    PRIMARY KEY,
    namespace      TEXT    NOT NULL,
    src_service    TEXT    NOT NULL,
    dst_service    TEXT    NOT NULL,
    route          TEXT    NOT NULL, -- empty: all routes of the edge
    created_at     INTEGER NOT NULL,
    deadline_us    INTEGER NOT NULL, -- the deadline it was judged for; 0: not known
    plan           TEXT    NOT NULL, -- plimsoll.v1.Plan as JSON, without the times below
    applied_at     INTEGER,
    applied        TEXT,             -- the plimsoll.v1.TrafficPolicy that was set, as JSON
    rolled_back_at INTEGER,
    CHECK ((applied_at IS NULL) = (applied IS NULL)),
    CHECK (rolled_back_at IS NULL OR applied_at IS NOT NULL)
) STRICT;

CREATE INDEX plans_edge ON plans (namespace, src_service, dst_service, route, created_at);
CREATE INDEX plans_created_at ON plans (created_at);

-- One line for each attempt to change the mesh and for its end. A change
-- without an end was cut off: the mesh may or may not have it.
CREATE TABLE plan_events (
    seq    INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    plan   TEXT    NOT NULL REFERENCES plans (id),
    event  TEXT    NOT NULL CHECK (event IN ('applying', 'applied', 'rolling_back', 'rolled_back', 'refused')),
    detail TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX plan_events_plan ON plan_events (plan);

-- +goose Down
DROP TABLE plan_events;
DROP TABLE plans;
