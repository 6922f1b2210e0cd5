package status

import "time"

// Codes of findings. None ever changes its meaning; docs/doctor.md says what to
// do about each.
const (
	codeIncompleteProxy = "incomplete-proxy"
	codeIdentityBroken  = "identity-broken"
	codeBlindCollector  = "blind-collector"
	codeDedupShort      = "dedup-window-short"
	codeTooManyParts    = "too-many-parts"
	codeRetentionBehind = "retention-behind"
	codeMutationFailed  = "mutation-failed"
	codeBlockDouble     = "block-double"
	codeRollupDiffers   = "rollup-differs"
)

// Thresholds of findings, with the reason of each. Whether a proxy is incomplete
// has none: one entry that is lost for certain is a finding.
const (
	// maxParts is how many active parts one partition may have. ClickHouse slows
	// inserts down from 1000 on (parts_to_delay_insert) and refuses them from 3000
	// on; a partition that merges keep up with has some tens.
	maxParts = 300
	// outage is how long a store may be away with the tokens of all blocks that
	// wait still remembered when they are sent again. Restarts, upgrades and
	// failovers end within an hour.
	outage = time.Hour
	// paceOver is how long inserts are counted to know their pace: long enough for
	// some blocks of each table, short enough to follow a change of load.
	paceOver = 10 * time.Minute
	// late is how long after its lifetime a partition may still be there: the
	// server looks for expired parts every four hours (merge_with_ttl_timeout),
	// and one such look may meet a busy pool.
	late = 8 * time.Hour
)

// Bounds of requests and answers.
const (
	defaultWindow = time.Hour
	maxWindow     = 24 * time.Hour
	maxPage       = 1000 // proxies
	maxBlocks     = 1000 // in one request
	maxCollectors = 1000
	maxIntervals  = 1000
	maxWork       = 100 // merges, mutations
	maxMinutes    = 100 // in which a rollup differs
)
