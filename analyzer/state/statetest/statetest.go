// Package statetest starts a PostgreSQL for tests: a cluster of its own in a
// temporary folder, on a unix socket, from the programs that the system
// brings. Without them a test is skipped, or fails if PLIMSOLL_REQUIRE_TOOLS is
// set.
package statetest

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx", to make databases
)

// RequireEnv is the variable that, when set, makes a test fail rather than skip
// without its tools.
const RequireEnv = "PLIMSOLL_REQUIRE_TOOLS"

// nobody is who the server runs as when the test is root: it refuses to be
// root.
const nobody = 65534

// Cluster is a running PostgreSQL.
type Cluster struct {
	folder string // of its socket
}

// Start runs a cluster until the test ends.
func Start(t testing.TB) *Cluster {
	t.Helper()
	bin, err := programs()
	if err != nil {
		if os.Getenv(RequireEnv) != "" {
			t.Fatalf("%v, and %s is set", err, RequireEnv)
		}
		t.Skipf("%v: install postgresql to run this test", err)
	}
	folder, err := os.MkdirTemp("", "pg") // short: a socket's path has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if os.Getuid() == 0 {
		if err := os.Chown(folder, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(folder, "data")
	run(t, folder, filepath.Join(bin, "initdb"), "--pgdata", data, "--auth", "trust", "--username", "test", "--encoding", "UTF8",
		"--locale", "C", "--no-sync")
	options := fmt.Sprintf("-c listen_addresses= -c unix_socket_directories=%s -c fsync=off -c shared_buffers=16MB", folder)
	pgctl := filepath.Join(bin, "pg_ctl")
	run(t, folder, pgctl, "start", "--pgdata", data, "--wait", "--timeout", "120", "--options", options, "--log", filepath.Join(folder, "log"))
	t.Cleanup(func() { run(t, folder, pgctl, "stop", "--pgdata", data, "--mode", "immediate", "--wait") })
	return &Cluster{folder}
}

// At returns the cluster whose socket is in a folder, as Folder gave it.
func At(folder string) *Cluster { return &Cluster{folder} }

// Folder holds the socket, for processes that the test starts.
func (c *Cluster) Folder() string { return c.folder }

// DSN returns the name of a database, which need not exist.
func (c *Cluster) DSN(database string) string {
	return fmt.Sprintf("host=%s user=test dbname=%s", c.folder, database)
}

// Database makes an empty database and returns its DSN. One that exists stays
// as it is.
func (c *Cluster) Database(t testing.TB, name string) string {
	t.Helper()
	db, err := sql.Open("pgx", c.DSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var found bool
	if err := db.QueryRow(`SELECT count(*) > 0 FROM pg_database WHERE datname = $1`, name).Scan(&found); err != nil {
		t.Fatal(err)
	}
	if found {
		return c.DSN(name)
	}
	if _, err := db.Exec(`CREATE DATABASE ` + strconv.Quote(name)); err != nil {
		t.Fatal(err)
	}
	return c.DSN(name)
}

// programs returns the folder of initdb and pg_ctl: on the path, or where
// Debian has the newest version.
func programs() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("no initdb on the path nor under /usr/lib/postgresql")
	}
	return filepath.Dir(slices.Max(found)), nil
}

// run runs a program of PostgreSQL to its end, not as root.
func run(t testing.TB, folder, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = folder
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	log, err := os.OpenFile(filepath.Join(folder, "out"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log // a file: the server would keep a pipe open
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(log.Name())
		t.Fatalf("running %s: %v\n%s", filepath.Base(name), err, text)
	}
}
