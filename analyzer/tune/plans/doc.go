// Package plans keeps the tuner's plans, what was applied of them and an audit
// trail in the analyzer's SQLite state (migration 0002_plans.sql).
package plans
