CRASH_ROUNDS ?= 50
# The packages in which the database and the picture storage matter. Their tests run on either.
on-servers := $(addprefix ./internal/,scenario account session media operate doctor guard outbox)
FUZZTIME ?= 10m

# The linter is pinned in a module of its own. Neither building nor importing Cardea downloads it.
golangci-lint := go tool -modfile=$(CURDIR)/tools/go.mod golangci-lint

.DEFAULT_GOAL := help
.PHONY: help build run test test-servers check lint fuzz outdated bench

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Without cgo, the binary is static and the same on every build machine. -s leaves out symbols for debuggers.
build: ## compile bin/cardea
	CGO_ENABLED=0 go build -trimpath -ldflags=-s -o bin/cardea ./cmd/cardea

run: ## start the server on http://localhost:5000, data in ./cardea-data
	go run ./cmd/cardea serve

test: ## run the tests
	go test ./...

test-servers: ## run the tests in which they matter on PostgreSQL, pgbouncer and S3
	CARDEA_TEST_DATABASE=postgres CARDEA_TEST_STORAGE=s3 go test -count=1 -short -timeout=20m $(on-servers)
	CARDEA_TEST_DATABASE=postgres go test -count=1 -short -timeout=20m ./cmd/cardea
	CARDEA_TEST_DATABASE=pgbouncer go test -count=1 -short ./internal/scenario -run 'Login|Session|Register|Forgot|Verif|Picture|Flask'

# Both need more than the ten minutes that go test allows by default: the race detector makes pictures ten times slower,
# and the crash test takes as long as its rounds.
check: lint test-servers ## everything: lint, PostgreSQL and S3, flood, timing, race tests, crash test (CRASH_ROUNDS=50)
	go test ./internal/account -run TestFlood -count=1 -v -flood
	go test ./internal/media -run TestHeavyUploadStorm -count=1 -v -flood
	go test ./internal/scenario -run TestMailTiming -count=1 -v -timing.mail=400
	CGO_ENABLED=1 go test -race -short -timeout=30m ./...
	go test ./cmd/cardea -run TestCrash -count=1 -timeout=60m -crash.rounds=$(CRASH_ROUNDS)
	CARDEA_TEST_DATABASE=postgres CARDEA_TEST_STORAGE=s3 go test ./cmd/cardea -run TestCrash -count=1 -timeout=60m -crash.rounds=10
	go test -C bench ./...

lint: ## formatting, go vet, golangci-lint, go.mod
	@files=$$(gofmt -l .) || exit 1; \
	if [ -n "$$files" ]; then echo "not formatted, run gofmt -w:"; echo "$$files"; exit 1; fi
	go vet ./...
	$(golangci-lint) run
	go mod tidy -diff
	go vet -C bench ./...
	cd bench && $(golangci-lint) run
	go -C bench mod tidy -diff

fuzz: ## run every fuzz target (FUZZTIME=10m each), stop at the first finding
	FUZZTIME=$(FUZZTIME) scripts/fuzz.sh

# Lists only modules that are compiled or tested here. modernc.org/libc stays: see docs/dependencies.md.
outdated: ## list modules with a newer release; needs the network
	@go list -m -u -f '{{with .Update}}{{$$.Path}} {{$$.Version}} -> {{.Version}}{{end}}' \
		$$(go list -deps -test -f '{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}' ./... | sort -u) | grep -v '^modernc.org/libc ' || true
	@go list -modfile=tools/go.mod -m -u -f '{{with .Update}}{{$$.Path}} {{$$.Version}} -> {{.Version}}{{end}}' github.com/golangci/golangci-lint/v2 github.com/versity/versitygw

bench: ## measure against budgets and peers, write bench/RESULTS.md
	cd bench && go run .
