package backup

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// Reasons for a failure that a caller may want to tell apart.
var (
	ErrNoEngine = errors.New("no engine answers")
	ErrDamaged  = errors.New("is damaged")
)

// client sends statements to a running engine.
type client struct {
	http   *http.Client
	socket string
}

func newClient(socket string) *client {
	return &client{socket: socket, http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// rows runs a statement and reads its rows as text.
func (c *client) rows(ctx context.Context, sql string) ([][]string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost,
		"http://engine/?default_format=JSONCompactStringsEachRow&wait_end_of_query=1", strings.NewReader(sql))
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w at socket=%s (is it running?): %w", ErrNoEngine, c.socket, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the engine's answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(message(body))
	}
	return parseRows(body)
}

func parseRows(body []byte) ([][]string, error) {
	var rows [][]string
	lines := bufio.NewScanner(bytes.NewReader(body))
	lines.Buffer(nil, len(body)+1)
	for lines.Scan() {
		var row []string
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("reading the engine's answer: %w", err)
		}
		rows = append(rows, row)
	}
	return rows, lines.Err()
}

// exec runs a statement for its effect.
func (c *client) exec(ctx context.Context, sql string) error {
	_, err := c.rows(ctx, sql)
	return err
}

// message takes an exception's text without its frame: version and stack trace.
func message(body []byte) string {
	text := strings.TrimSpace(string(body))
	for _, end := range []string{", Stack trace", " (version "} {
		text, _, _ = strings.Cut(text, end)
	}
	return text
}

// quote writes a string literal, name an identifier.
func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func name(s string) string {
	return "`" + strings.NewReplacer(`\`, `\\`, "`", "\\`").Replace(s) + "`"
}

// file names a backup for the engine, relative to its backup directory: so a
// chain of backups can be moved as a whole.
func file(backup string) string { return "File(" + quote(backup) + ")" }
