package ingest

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// pinnedSettings go with every insert, since servers differ in their defaults
// and users change them.
func pinnedSettings() map[string]string {
	return map[string]string{
		"decompress":   "1", // the body is in ClickHouse's own compressed frames
		"async_insert": "0", // 200 means stored, not queued

		"insert_deduplicate": "1",
		"deduplicate_blocks_in_dependent_materialized_views": "1", // the tables that keep rows are filled by views

		"input_format_skip_unknown_fields": "0", // else an unknown column is dropped in silence
		"max_insert_threads":               "1",
		"wait_end_of_query":                "1", // the status is the result, not the first impression
	}
}

// newerSettings are pinned where the server knows them: an unknown setting
// fails the insert.
func newerSettings() map[string]string {
	return map[string]string{
		"deduplicate_insert": "enable", // overrides insert_deduplicate (ClickHouse 26)
	}
}

// settingsFor returns what to pin on the server that the DSN names.
func settingsFor(ctx context.Context, dsn string) (map[string]string, error) {
	known, err := knownSettings(ctx, dsn, slices.Sorted(maps.Keys(newerSettings())))
	if err != nil {
		return nil, fmt.Errorf("asking the store which settings it knows: %w", err)
	}
	out := pinnedSettings()
	for _, name := range known {
		out[name] = newerSettings()[name]
	}
	return out, nil
}

func knownSettings(ctx context.Context, dsn string, names []string) (known []string, err error) {
	conn, err := query.Open(dsn)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	rows, err := conn.Query(ctx, "SELECT name FROM system.settings WHERE name IN (?)", names)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		known = append(known, name)
	}
	return known, rows.Err()
}
