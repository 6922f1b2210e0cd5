package backup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNewName(t *testing.T) {
	east := time.FixedZone("east", 3600)
	got := NewName("plimsoll", time.Date(2026, 1, 2, 3, 4, 5, 6, east))
	if want := "plimsoll-20260102-020405.tar"; got != want {
		t.Errorf("name = %s, want %s in UTC", got, want)
	}
	if err := checkForm(got); err != nil {
		t.Error(err)
	}
}

func TestRelativeName(t *testing.T) {
	const dir = "/var/lib/store/backups"
	tests := []struct{ typed, want, err string }{
		{"a.tar", "a.tar", ""},
		{"a.tar.gz", "a.tar.gz", ""},
		{"a.tgz", "a.tgz", ""},
		{"a.tar.zst", "a.tar.zst", ""},
		{"folder", "folder", ""},
		{"week/a.tar", "week/a.tar", ""},
		{"./a.tar", "a.tar", ""},
		{"week/../a.tar", "a.tar", ""},
		{dir + "/a.tar", "a.tar", ""},
		{dir + "/week/a.tar", "week/a.tar", ""},
		{"v1.2/a.tar", "v1.2/a.tar", ""},
		{dir, "", "is not within " + dir},
		{"", "", "is not within"},
		{".", "", "is not within"},
		{"..", "", "is not within"},
		{"../a.tar", "", "is not within"},
		{"week/../../a.tar", "", "is not within"},
		{"/var/lib/store/a.tar", "", "is not within"},
		{"/etc/passwd", "", "is not within"},
		{"a.zip", "", "no zip"},
		{"a.zipx", "", "no zip"},
		{"a.7z", "", ".7z is no form"},
		{"a.tar.bz2", "", ".bz2 is no form"},
		{".tar", "", ".tar is no form"},
		{"a.", "", "is no form"},
		{"a.json", "", ".json is no form"},
	}
	for _, tt := range tests {
		got, err := relativeName(dir, tt.typed)
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) || err == nil && got != tt.want {
			t.Errorf("relativeName(%q) = %q, %v, want %q, %q", tt.typed, got, err, tt.want, tt.err)
		}
	}
}

// FuzzRelativeName: whatever is typed, the name stays within the directory.
func FuzzRelativeName(f *testing.F) {
	for _, seed := range []string{"a.tar", "../a", "/b/x/../../etc", "a/./b", "\x00", "a\\b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		got, err := relativeName("/b/x", typed)
		if err == nil && !strings.HasPrefix(filepath.Join("/b/x", got), "/b/x/") {
			t.Fatalf("relativeName(%q) = %q leaves the directory", typed, got)
		}
	})
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestAbsentLooksForTheManifestToo(t *testing.T) {
	dir := t.TempDir()
	if err := absent(dir, "a.tar"); err != nil {
		t.Error(err)
	}
	put(t, filepath.Join(dir, "a.tar.json"), "{}")
	if err := absent(dir, "a.tar"); err == nil || !strings.HasPrefix(err.Error(), "a.tar.json exists in "+dir) {
		t.Errorf("error = %v, want the manifest named", err)
	}
	put(t, filepath.Join(dir, "b.tar"), "")
	if err := absent(dir, "b.tar"); err == nil || !strings.HasPrefix(err.Error(), "b.tar exists in ") {
		t.Errorf("error = %v", err)
	}
}

func TestRemoveTakesTheLockAlong(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a", "data"), "x")
	put(t, filepath.Join(dir, "a.lock"), "")
	put(t, filepath.Join(dir, "b.tar"), "")
	if err := remove(dir, "a"); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != "b.tar" {
		t.Errorf("left = %v, %v, want the other backup alone", left, err)
	}
	if err := remove(dir, "never"); err != nil {
		t.Error(err)
	}
}

func TestSizeOf(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a", "x"), "12345")
	put(t, filepath.Join(dir, "a", "deep", "y"), "123")
	put(t, filepath.Join(dir, "b.tar"), "1234567")
	for name, want := range map[string]int64{"a": 8, "b.tar": 7, "missing": 0} {
		if got := sizeOf(filepath.Join(dir, name)); got != want {
			t.Errorf("sizeOf(%s) = %d, want %d", name, got, want)
		}
	}
}

func TestRestrictClosesToOthers(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a", "x"), "")
	put(t, filepath.Join(dir, "b.tar"), "")
	if err := os.Chmod(filepath.Join(dir, "a"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{"a": 0o700, "b.tar": 0o600} {
		if err := restrict(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %v", name, info.Mode(), err, want)
		}
	}
	if err := restrict(filepath.Join(dir, "missing")); err == nil {
		t.Error("a missing backup was closed")
	}
}
