#!/usr/bin/env bash
# Runs the contract's own check, kept beside this repository, against a freshly built server on an empty data folder.
# Without that file there is nothing to run, which is not a failure: a plain clone does not have it.
set -euo pipefail
cd "$(dirname "$0")/.."
check=../shared/checks/contract.py
if [ ! -f "$check" ]; then
	echo "contract check SKIPPED: $check is not there"
	exit 0
fi
# What the caller has set for a server of their own is not for this one.
for name in ${!CARDEA_@}; do unset "$name"; done

tmp=$(mktemp -d)
pid=
cleanup() {
	trap '' HUP INT PIPE TERM # nothing ends the cleaning up
	if [ -n "$pid" ]; then
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	fi
	rm -rf "$tmp"
}
trap cleanup EXIT
# Bash runs cleanup on exit, but not when a signal ends it.
trap 'exit 1' HUP INT PIPE TERM
fail() {
	echo "contract check: $*" >&2
	sed 's/^/server: /' "$tmp/log" >&2
	exit 1
}

go build -o "$tmp/cardea" ./cmd/cardea
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
CARDEA_RATE_LIMIT=off "$tmp/cardea" serve --listen "127.0.0.1:$port" --data "$tmp/data" </dev/null >"$tmp/log" 2>&1 &
pid=$!

deadline=$((SECONDS + 30))
until curl -fs --max-time 2 -o /dev/null "http://127.0.0.1:$port/readyz"; do
	kill -0 "$pid" 2>/dev/null || fail "the server stopped before it was ready"
	[ "$SECONDS" -lt "$deadline" ] || fail "the server was not ready after 30 s"
	sleep 0.1
done

python3 "$check" "http://127.0.0.1:$port" || fail "the contract does not hold"

kill -TERM "$pid" 2>/dev/null || fail "the server died during the check"
status=0
wait "$pid" || status=$?
pid=
[ "$status" = 0 ] || fail "the server ended with status $status on SIGTERM"
