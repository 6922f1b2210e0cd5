package handler

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func read(t *testing.T, dir, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

func TestLoadTokensMakesThem(t *testing.T) {
	dir := t.TempDir()
	tokens, err := LoadTokens(dir)
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]Role{"viewer.token": RoleViewer, "operator.token": RoleOperator} {
		info, err := os.Stat(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %04o, want 0600", file, info.Mode().Perm())
		}
		token := read(t, dir, file)
		if len(token) < 40 {
			t.Errorf("%s holds %d characters, want 32 random bytes", file, len(token))
		}
		if got := tokens.Role(token); got != want {
			t.Errorf("the token in %s has role %s, want %s", file, got, want)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".token-*")); len(left) > 0 {
		t.Errorf("temporary files are left: %v", left)
	}
}

func TestLoadTokensKeepsThem(t *testing.T) {
	dir := t.TempDir()
	if _, err := LoadTokens(dir); err != nil {
		t.Fatal(err)
	}
	viewer := read(t, dir, "viewer.token")
	tokens, err := LoadTokens(dir)
	if err != nil {
		t.Fatal(err)
	}
	if read(t, dir, "viewer.token") != viewer || tokens.Role(viewer) != RoleViewer {
		t.Error("the second start did not keep the token")
	}
}

// TestLoadTokensAtOnce starts many at the same time: all must agree on what is
// in the files.
func TestLoadTokensAtOnce(t *testing.T) {
	dir := t.TempDir()
	all := make([]*Tokens, 16)
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() {
			var err error
			if all[i], err = LoadTokens(dir); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, tokens := range all {
		if tokens != nil && *tokens != *all[0] {
			t.Fatal("two starts hold different tokens")
		}
	}
}

func TestLoadTokensRefuses(t *testing.T) {
	long := strings.Repeat("x", minTokenLength)
	for _, c := range []struct {
		name  string
		files map[string]string
		mode  os.FileMode
		want  string
	}{
		{"readable by others", map[string]string{"viewer.token": long}, 0o644, "chmod 600"},
		{"writable by the group", map[string]string{"operator.token": long}, 0o620, "chmod 600"},
		{"short", map[string]string{"viewer.token": "secret\n"}, 0o600, "fewer than 16"},
		{"empty", map[string]string{"operator.token": ""}, 0o600, "fewer than 16"},
		{"the same", map[string]string{"viewer.token": long, "operator.token": long + "\n"}, 0o600, "same token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for file, content := range c.files {
				path := filepath.Join(dir, file)
				if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Chmod(path, c.mode); err != nil {
					t.Fatal(err)
				}
			}
			_, err := LoadTokens(dir)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), long) {
				t.Errorf("the error shows the token: %v", err)
			}
		})
	}
}

func TestLoadTokensWithoutFolder(t *testing.T) {
	if _, err := LoadTokens(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no error for a folder that is not there")
	}
}

func TestRoleOfUnknownTokens(t *testing.T) {
	dir := t.TempDir()
	tokens, err := LoadTokens(dir)
	if err != nil {
		t.Fatal(err)
	}
	viewer := read(t, dir, "viewer.token")
	for _, token := range []string{"", "x", viewer + "x", viewer[1:], strings.ToUpper(viewer) + "Z"} {
		if got := tokens.Role(token); got != RoleNone {
			t.Errorf("token %q has role %s", token, got)
		}
	}
}
