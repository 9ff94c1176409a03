#!/usr/bin/env bash
# Runs every fuzz target of the tree, one after the other, each for FUZZTIME (10m), and stops at the first finding.
# The input that failed is then in the package's testdata/fuzz: commit it, and go test keeps trying it.
set -euo pipefail
cd "$(dirname "$0")/.."
fuzztime=${FUZZTIME:-10m}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

targets=$(grep -rnE --include='*_test.go' --exclude-dir=testdata '^func Fuzz[A-Za-z0-9_]*\(' . |
	sed -E 's#^\./(.*/)?[^/:]+:[0-9]+:func (Fuzz[A-Za-z0-9_]*)\(.*#./\1 \2#' | sort)
[ -n "$targets" ] || { echo "no fuzz targets found" >&2; exit 1; }
count=$(wc -l <<<"$targets")
n=0
while read -r dir name; do
	n=$((n + 1))
	printf '\n== fuzz %d of %d: %s %s for %s\n' "$n" "$count" "$dir" "$name" "$fuzztime"
	# In the package's own folder, because it may belong to a nested module.
	# Making an input that is merely new as small as can be may take a minute each: a second is enough.
	go test -C "$dir" -run='^$' -fuzz="^$name\$" -fuzztime="$fuzztime" -fuzzminimizetime=1s . </dev/null 2>&1 | tee "$log"
	# go test is content when nothing matches, as when a build tag hides the target.
	if grep -qE 'no fuzz tests to fuzz|no test files' "$log"; then
		echo "$dir $name was not run" >&2
		exit 1
	fi
done <<<"$targets"
printf '\nall %d fuzz targets ran for %s each without a finding\n' "$count" "$fuzztime"
