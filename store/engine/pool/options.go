package pool

import "strconv"

// Options size the engine and the pool.
type Options struct {
	// Dir is the engine's data directory; it is created when missing.
	Dir string
	// Backups is the only directory that BACKUP and RESTORE may use; "" is none.
	Backups string
	// Memory is the most that the engine may allocate, in bytes. One query may
	// take half of it, and spills a GROUP BY to disk from a quarter on.
	Memory int64
	// Active is the most connections in use at once.
	Active int
	// Idle is the most connections kept open for later use.
	Idle int
	// Named is the most connections kept by name, see Pool.GetNamed.
	Named int
}

// engineArgs are effective on the engine as a whole: the total memory limit, and
// a mark cache far below ClickHouse's default of 5 GB.
func (o Options) engineArgs() []string {
	args := []string{
		"--max_server_memory_usage=" + strconv.FormatInt(o.Memory, 10),
		"--mark_cache_size=" + strconv.FormatInt(min(o.Memory/16, 50_000_000), 10),
	}
	if o.Backups != "" {
		args = append(args, "--backups.allowed_path="+o.Backups)
	}
	return args
}

// baseSettings are those of every connection; a request may override each.
//   - async_insert: an insert that answered 200 is written;
//   - implicit_select: "foo" is a syntax error, not SELECT foo;
//   - input_format_skip_unknown_fields: an unknown column is refused, else the
//     engine drops it in silence even when a column list is given;
//   - insert_deduplicate and deduplicate_blocks_in_dependent_materialized_views:
//     an insert repeated with its token is single in every view target as well;
//   - max_insert_threads: one part, so that one insert is atomic;
//   - http_max_tries: the sandbox denies every connection, trying again is idle.
func (o Options) baseSettings() map[string]string {
	return map[string]string{
		"async_insert":                       "0",
		"implicit_select":                    "0",
		"input_format_skip_unknown_fields":   "0",
		"insert_deduplicate":                 "1",
		"max_insert_threads":                 "1",
		"http_max_tries":                     "1",
		"max_threads":                        "2",
		"max_memory_usage":                   strconv.FormatInt(o.Memory/2, 10),
		"max_bytes_before_external_group_by": strconv.FormatInt(o.Memory/4, 10),
		"deduplicate_blocks_in_dependent_materialized_views": "1",
	}
}
