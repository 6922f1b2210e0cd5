package run

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Environment variables that name a user's own tools.
const (
	EnvoyEnv   = "PLIMSOLL_ENVOY"
	LibraryEnv = "PLIMSOLL_LIBCHDB"
)

// FindTool returns the path of a tool: the one named, else that of the
// environment variable, else .cache/tools/NAME below the working directory or
// beside the program. What is not there is an error with the remedy.
func FindTool(named, env, name, executable string) (string, error) {
	if named == "" {
		named = os.Getenv(env)
	}
	if named != "" {
		if _, err := os.Stat(named); err != nil {
			return "", fmt.Errorf("looking for %s as it is named by flag or $%s: %w; correct the name, or leave it out and run `make tools`", name, env, err)
		}
		return filepath.Abs(named)
	}
	dir := filepath.Dir(executable)
	for _, place := range []string{
		filepath.Join(".cache", "tools", name),
		filepath.Join(dir, "..", ".cache", "tools", name),
		filepath.Join(dir, name),
	} {
		if _, err := os.Stat(place); err == nil {
			return filepath.Abs(place)
		}
	}
	return "", fmt.Errorf("%s is not there: run `make tools` to fetch it, or name your own with $%s", name, env)
}

// envoyVersion asks the program; it also proves that it runs here.
func envoyVersion(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--version").CombinedOutput()
	said := strings.TrimSpace(string(out[:min(len(out), 300)]))
	if err != nil {
		return "", fmt.Errorf("%s does not run on this machine (%w) %s; name an Envoy that does with --envoy or $%s", path, err, said, EnvoyEnv)
	}
	m := envoyBuild.FindSubmatch(out)
	if m == nil {
		return "", fmt.Errorf("%s does not say that it is Envoy but %q; name one with --envoy or $%s", path, said, EnvoyEnv)
	}
	return string(m[1]), nil
}

// envoyBuild matches "envoy  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL".
var envoyBuild = regexp.MustCompile(`version: [0-9a-f]+/([0-9][^/]*)/`)
