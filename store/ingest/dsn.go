package ingest

import "github.com/plimsoll-mesh/plimsoll/store/ingest/relay"

// CheckDSN tells whether New would understand the DSN, without opening anything.
func CheckDSN(dsn string) error {
	if relay.Is(dsn) {
		_, err := relay.ParseEndpoint(dsn)
		return err
	}
	_, _, err := parseShards(dsn)
	return err
}
