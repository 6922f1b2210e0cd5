package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/plimsoll-mesh/plimsoll/analyzer/handler"
	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	"github.com/plimsoll-mesh/plimsoll/store/ingest"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
)

// withTools points the environment at tools that are there.
func withTools(t *testing.T) {
	t.Helper()
	tool := filepath.Join(t.TempDir(), "tool")
	if err := os.WriteFile(tool, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PLIMSOLL_ENVOY", tool)
	t.Setenv("PLIMSOLL_LIBCHDB", tool)
}

func doctorOf(t *testing.T, status fakeStatus, role string, args ...string) outcome {
	t.Helper()
	withTools(t)
	analyzerAt(t, handler.Services{Status: status}, role)
	return plimsoll(t.Context(), append([]string{"doctor"}, args...)...)
}

// TestDoctorWide keeps the wide tables.
func TestDoctorWide(t *testing.T) {
	got := doctorOf(t, fakeStatus{findings: true}, "viewer", "-o", "wide")
	_, tables, _ := strings.Cut(got.stdout, "PROXY ")
	checkFile(t, "doctor_wide.txt", tables)
}

// TestDoctorExits shows what each state of things ends with, in every format.
func TestDoctorExits(t *testing.T) {
	refused := connect.NewError(connect.CodeUnavailable, errors.New("the store is gone"))
	for _, c := range []struct {
		name   string
		status fakeStatus
		role   string
		args   string
		code   int
		text   string // on stderr
	}{
		{"well", fakeStatus{}, "viewer", "", exitOK, ""},
		{"findings", fakeStatus{findings: true}, "viewer", "", exitFindings, "6 findings"},
		{"store down", fakeStatus{down: true}, "viewer", "", exitUnavailable, "the store does not answer"},
		{"store lost meanwhile", fakeStatus{later: refused}, "viewer", "", exitUnavailable, "the store is gone"},
		{"no token", fakeStatus{}, "", "", exitFindings, "1 finding"},
		{"analyzer down", fakeStatus{}, "viewer", "--url http://127.0.0.1:1", exitUnavailable, "the analyzer does not answer"},
		{"verify: well", fakeStatus{}, "viewer", "--verify", exitOK, ""},
		{"verify: findings", fakeStatus{findings: true}, "viewer", "--verify", exitFindings, "2 findings"},
		{"verify: store down", fakeStatus{later: refused}, "viewer", "--verify", exitUnavailable, "the store is gone"},
		{"verify: no token", fakeStatus{}, "", "--verify", exitUsage, "viewer.token"},
		{"verify: analyzer down", fakeStatus{}, "viewer", "--verify --url http://127.0.0.1:1", exitUnavailable, "no analyzer answers"},
		{"verify: offline", fakeStatus{}, "viewer", "--verify --offline", exitUsage, "leave out --offline"},
		{"directory without verify", fakeStatus{}, "viewer", "/var/wal", exitUsage, "without --verify"},
		{"two directories", fakeStatus{}, "viewer", "--verify a b", exitUsage, "accepts at most 1 arg"},
		{"no such directory", fakeStatus{}, "viewer", "--verify /none", exitBadData, "no such file"},
		{"no log", fakeStatus{}, "viewer", "--verify testdata", exitBadData, "is no write-ahead log; name the directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, format := range formats() {
				got := doctorOf(t, c.status, c.role, append(strings.Fields(c.args), "-o", format)...)
				if got.code != c.code || !strings.Contains(got.stderr, c.text) {
					t.Errorf("-o %s: exit code %d, stderr %q; want %d with %q", format, got.code, got.stderr, c.code, c.text)
				}
				if format == formatJSON && strings.Contains(got.stderr, "…") {
					t.Errorf("progress beside JSON: %q", got.stderr)
				}
			}
		})
	}
}

func TestDoctorVerifyStore(t *testing.T) {
	var text strings.Builder
	for _, findings := range []bool{false, true} {
		for _, format := range []string{formatTable, formatYAML} {
			text.WriteString(doctorOf(t, fakeStatus{findings: findings}, "viewer", "--verify", "-o", format).String() + "\n")
		}
	}
	checkFile(t, "doctor_verify_store.txt", text.String())
}

// sealedLog writes a log of blocks with 1, 2, … rows, of which all but the last
// are done, and leaves it open: doctor reads beside the collector.
func sealedLog(t *testing.T, ids ...[16]byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	l, err := wal.Open(dir, wal.Options{ID: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	for i, id := range ids {
		body := []byte{byte(i)}
		e, err := l.Append(&wal.Block{
			Token: wal.Token(id, body), Table: []string{"requests_in", "logs_in"}[i%2], Rows: uint32(i + 1), Created: noon(0).AsTime(), Body: body,
		})
		if err != nil {
			t.Fatal(err)
		}
		if i < len(ids)-1 {
			l.Done(e)
		}
	}
	if err := l.Tick(time.Now()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func id(n byte) [16]byte { return [16]byte{15: n} }

func TestDoctorVerifyLog(t *testing.T) {
	whole := id(9)
	halves := ingest.Halves(whole)
	dir := sealedLog(t, id(1), id(2), id(3), id(4), id(5), whole, halves[0], halves[1], id(6))
	// What is stored of each: 2 is double, 3 is gone, 4 is short, 5 is in
	// quarantine, 9 was split, 6 waits.
	stored := func(b *statusv1.SealedBlock) uint64 {
		switch b.Id[15] {
		case 2:
			return 2 * b.Rows
		case 3, 5, 6:
			return 0
		case 4:
			return b.Rows - 1
		}
		if [16]byte(b.Id) == whole {
			t.Error("a block was asked for that is stored in halves")
		}
		return b.Rows
	}
	body := []byte{4}
	if err := os.Mkdir(filepath.Join(dir, "quarantine"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "quarantine", "requests_in-"+wal.Token(id(5), body)+".txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, format := range formats() {
		got := doctorOf(t, fakeStatus{share: 1, stored: stored}, "viewer", "--verify", dir, "-o", format)
		text.WriteString("# -o " + format + "\n" + got.String() + "\n")
	}
	checkFile(t, "doctor_verify_log.txt", text.String())

	if got := doctorOf(t, fakeStatus{share: 1}, "viewer", "--verify", dir); got.code != exitOK || strings.Contains(got.stdout, "STATE") {
		t.Errorf("everything is stored: %s", got)
	}
	refused := connect.NewError(connect.CodeUnavailable, errors.New("the store is gone"))
	if got := doctorOf(t, fakeStatus{later: refused}, "viewer", "--verify", dir); got.code != exitUnavailable || got.stdout != "" {
		t.Errorf("the store is down: %s", got)
	}
	if got := doctorOf(t, fakeStatus{}, "", "--verify", dir); got.code != exitUsage || !strings.Contains(got.stderr, "viewer.token") {
		t.Errorf("no token: %s", got)
	}
}

// TestDoctorVerifySampled: where a share of requests is kept, their blocks may be
// short of rows; other blocks may not, and none may be double.
func TestDoctorVerifySampled(t *testing.T) {
	dir := sealedLog(t, id(1), id(2), id(3), id(4))
	for _, c := range []struct {
		rows func(uint64) uint64
		code int
		text string
	}{
		{func(n uint64) uint64 { return n / 2 }, exitFindings, "block-missing   logs"},
		{func(n uint64) uint64 { return 2 * n }, exitFindings, "block-double   requests"},
	} {
		got := doctorOf(t, fakeStatus{share: 0.5, stored: func(b *statusv1.SealedBlock) uint64 { return c.rows(b.Rows) }}, "viewer", "--verify", dir)
		squeezed := wideGap.ReplaceAllString(got.stdout, gap)
		if got.code != c.code || !strings.Contains(squeezed, c.text) || strings.Contains(squeezed, "block-missing   requests") {
			t.Errorf("%s\nwant %q", got, c.text)
		}
	}
}

func TestDoctorVerifyDamagedAndEmptyLog(t *testing.T) {
	empty := sealedLog(t)
	if got := doctorOf(t, fakeStatus{}, "viewer", "--verify", empty); got.code != exitOK || !strings.Contains(got.stderr, "No block is there") {
		t.Errorf("an empty log: %s", got)
	}
	dir := sealedLog(t, id(1), id(2), id(3))
	path := filepath.Join(dir, "0000000000000001.wal")
	segment, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	segment[60] ^= 0xff // in the first record
	if err := os.WriteFile(path, segment, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := doctorOf(t, fakeStatus{share: 1}, "viewer", "--verify", dir); got.code != exitFindings || !strings.Contains(got.stdout, "log-damaged") {
		t.Errorf("a damaged log: %s", got)
	}
}

// TestDoctorAsksInPortions: more blocks than fit a call are asked for in several.
func TestDoctorAsksInPortions(t *testing.T) {
	ids := make([][16]byte, blocksAtOnce+1)
	for i := range ids {
		ids[i] = [16]byte{0: byte(i >> 8), 1: byte(i)}
	}
	got := doctorOf(t, fakeStatus{share: 1, stored: func(b *statusv1.SealedBlock) uint64 {
		if b.Rows == blocksAtOnce { // the last of the first call
			return 0
		}
		return b.Rows
	}}, "viewer", "--verify", sealedLog(t, ids...))
	if got.code != exitFindings || strings.Count(got.stderr, "Asking for blocks") != 2 || !strings.Contains(got.stdout, "1 of 500 blocks are not stored") {
		t.Errorf("%s", got)
	}
}

// TestEveryDoctorCodeIsInTheManual: also those that the analyzer does not know.
func TestEveryDoctorCodeIsInTheManual(t *testing.T) {
	manual, err := os.ReadFile("../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	all := sealedFindings(&statusv1.SealedAccount{Missing: 1, Double: 1, Quarantined: 1})
	all = append(all, (&comparison{content: &wal.Content{Damaged: 1}}).damage()...)
	if len(all) != 4 {
		t.Fatalf("%d findings, want 4", len(all))
	}
	for _, f := range all {
		if !strings.Contains(string(manual), "\n## "+f.Code+"\n") {
			t.Errorf("docs/doctor.md has no section %q", f.Code)
		}
	}
}
