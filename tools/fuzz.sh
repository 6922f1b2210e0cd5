#!/usr/bin/env bash
# Run every fuzz test of the module for a while: tools/fuzz.sh [TIME]
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-20s}
grep -rl --include='*_test.go' '^func Fuzz' . | while read -r file; do
  grep -o '^func Fuzz[A-Za-z0-9_]*' "$file" | sed 's/^func //' | while read -r name; do
    echo "== $name in $(dirname "$file")"
    go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" "./$(dirname "$file")"
  done
done
