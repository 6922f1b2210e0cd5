package pool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
	"github.com/plimsoll-mesh/plimsoll/store/engine/lease"
)

// Named is a connection that is kept by name between requests: what a server
// calls a session. Settings, current database and temporary tables stay in it.
type Named struct {
	*Conn
	lease *lease.Lease[*Conn]
	undo  []string
}

// GetNamed returns the connection of that name, for one statement, and waits for
// a free slot until ctx ends. When there is none it is opened if create says so.
// Its errors are those of package lease, and the engine's.
func (p *Pool) GetNamed(ctx context.Context, name string, create bool) (*Named, error) {
	if err := p.acquire(ctx); err != nil {
		return nil, err
	}
	var open func() (*Conn, error)
	if create {
		open = func() (*Conn, error) { return p.open(Session{}, "") }
	}
	l, err := p.named.Take(name, open)
	if err != nil {
		<-p.slots
		return nil, err
	}
	return &Named{Conn: l.Value(), lease: l}, nil
}

// Apply puts database and settings of one request in force until Release.
func (n *Named) Apply(session Session) error {
	settings := maps.Clone(session.Settings)
	if comment, ok := settings["log_comment"]; ok {
		settings["log_comment"] = comment + n.mark
	}
	var statements []string
	if session.Database != "" {
		rows, err := n.rows("SELECT currentDatabase()")
		if err != nil {
			return err
		}
		n.undo = append(n.undo, useStatement(fmt.Sprint(rows[0][0])))
		statements = append(statements, useStatement(session.Database))
	}
	if len(settings) > 0 {
		undo, err := n.undoSettings(slices.Sorted(maps.Keys(settings)))
		if err != nil {
			return err
		}
		n.undo = append(n.undo, undo)
		statements = append(statements, setStatement(settings))
	}
	for _, sql := range statements {
		if err := n.Exec(sql); err != nil {
			return err
		}
	}
	return nil
}

// undoSettings is the statement that brings settings back to what they are now.
func (n *Named) undoSettings(names []string) (string, error) {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = quote(name)
	}
	rows, err := n.rows("SELECT name, value, toString(changed) FROM system.settings WHERE name IN (" + strings.Join(quoted, ", ") + ")")
	if err != nil || len(rows) == 0 {
		return "", err
	}
	var changes []string
	for _, row := range rows {
		value := "DEFAULT"
		if row[2] == "1" {
			value = quote(row[1])
		}
		changes = append(changes, row[0]+" = "+value)
	}
	return "SET " + strings.Join(changes, ", "), nil
}

// rows reads a small result of strings.
func (n *Named) rows(sql string) ([][]string, error) {
	result, err := n.Query(sql, "JSONCompactEachRow", chdb.Params{})
	if err != nil {
		return nil, err
	}
	defer result.Close()
	var rows [][]string
	for decoder := json.NewDecoder(strings.NewReader(string(result.Bytes()))); ; {
		var row []string
		if err := decoder.Decode(&row); errors.Is(err, io.EOF) {
			return rows, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading %s: %w", sql, err)
		}
		rows = append(rows, row)
	}
}

// DropTable drops a temporary table of the request with Release.
func (n *Named) DropTable(name string) {
	n.undo = append(n.undo, "DROP TEMPORARY TABLE IF EXISTS "+QuoteName(name))
}

// Release undoes what Apply did and keeps the connection for as long as idle; a
// connection that cannot be brought back, or an idle of 0, ends it.
func (n *Named) Release(idle time.Duration) {
	defer func() { <-n.pool.slots }()
	for _, sql := range n.undo {
		if sql == "" {
			continue
		}
		if err := n.Exec(sql); err != nil {
			idle = 0
		}
	}
	if idle > 0 {
		n.lease.Keep(idle)
	} else {
		n.lease.End()
	}
}
