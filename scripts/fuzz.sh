#!/usr/bin/env bash
# Runs every fuzz target of the tree, one after the other, each for FUZZTIME (10m), and stops at the first finding.
# It then leaves the failing input in the package's testdata/fuzz. Commit it, and go test tries it every time.
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
	# Run in the package's own folder, because it may belong to a nested module.
	# Minimizing an input that is merely new may take a minute. A second is enough.
	go test -C "$dir" -run='^$' -fuzz="^$name\$" -fuzztime="$fuzztime" -fuzzminimizetime=1s . </dev/null 2>&1 | tee "$log"
	# go test succeeds if nothing matches, for example if a build tag hides the target.
	if grep -qE 'no fuzz tests to fuzz|no test files' "$log"; then
		echo "$dir $name was not run" >&2
		exit 1
	fi
done <<<"$targets"
printf '\nall %d fuzz targets ran for %s each without a finding\n' "$count" "$fuzztime"
