# Plimsoll. `make demo` and `make test` need no other set-up; `make help` lists all.

TOOLS    := .cache/tools
VERSION  ?= 0.1.0-dev
DURATION ?= 3m
SEED     ?= 1
REPORT   ?=
PAGE     ?= out/demo.html
FUZZTIME ?= 20s
RUNS     ?= 5
SUITE    ?=

export CGO_ENABLED := 0
export PLIMSOLL_REQUIRE_TOOLS := 1

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: tools
tools: ## Fetch the pinned Envoy and ClickHouse library into .cache/tools
	@tools/fetch.py envoy libchdb

.PHONY: build
build: ## Build bin/plimsoll, and bin/plimsoll-collector for the machines of the proxies
	go build -trimpath -ldflags "-s -w -X main.buildVersion=$(VERSION)" -o bin/plimsoll ./cmd/plimsoll
	go build -trimpath -ldflags "-s -w -X main.buildVersion=$(VERSION)" -o bin/plimsoll-collector ./cmd/plimsoll-collector

.PHONY: demo
demo: tools build ## Run the demo (REPORT=FILE DURATION=3m SEED=1)
	bin/plimsoll demo --duration $(DURATION) --seed $(SEED) --page $(PAGE) $(if $(REPORT),--report $(REPORT))

.PHONY: test
test: tools build ## Run all tests, one short lab run with real Envoys included
	go vet ./...
	go test -timeout 15m ./...

.PHONY: race
race: tools ## Run the tests of the concurrent packages with the race detector
	CGO_ENABLED=1 go test -race -timeout 20m ./collector/... ./store/ingest/... ./analyzer/... ./mesh/... ./lab/load/... ./lab/workload/... ./lab/truth/...

.PHONY: check
check: fmt-check vet lint unit ## What every commit passes: format, vet, lint, unit tests

.PHONY: unit
unit: ## Run the tests that need no lab run
	go test -short -timeout 5m ./...

.PHONY: vet
vet: ## Run go vet
	go vet ./...

.PHONY: fmt
fmt: ## Format the code
	gofmt -w $$(git ls-files '*.go' | grep -v '^api/gen/')

.PHONY: fmt-check
fmt-check:
	@out=$$(gofmt -l $$(git ls-files '*.go' | grep -v '^api/gen/')); test -z "$$out" || { echo "not formatted, run make fmt:"; echo "$$out"; exit 1; }

.PHONY: lint
lint: ## Run golangci-lint and buf lint
	@tools/fetch.py golangci-lint buf
	$(TOOLS)/golangci-lint run ./...
	cd api && ../$(TOOLS)/buf lint

.PHONY: generate
generate: ## Generate the API code from its protobuf files
	@tools/fetch.py buf
	cd api && ../$(TOOLS)/buf generate

.PHONY: generate-check
generate-check: generate ## Fail if generated code differs from what is committed
	git diff --exit-code -- api/gen

.PHONY: golden
golden: ## Rewrite the golden files; review the difference
	go test $$(grep -rl --include='*_test.go' internal/golden . | xargs -n1 dirname | sort -u) -update

.PHONY: fuzz
fuzz: ## Run each fuzz test for FUZZTIME (20s)
	tools/fuzz.sh $(FUZZTIME)

.PHONY: bench
bench: tools build ## Measure against the targets, figures to build/bench (SUITE=ingest RUNS=5)
	go run ./bench -runs $(RUNS) $(SUITE)

.PHONY: microbench
microbench: tools ## Run the Go benchmarks of the hot paths
	go test -run '^$$' -bench . -benchmem -count 5 ./collector/... ./store/ingest/... ./analyzer/tune/...

.PHONY: soak
soak: tools build ## Kill collectors 240 times and lose collectors, stores and links; count every row (20 min)
	PLIMSOLL_SOAK=1 go test -timeout 40m -v -run TestCrashes ./store/ingest
	for tier in central node relayed; do bin/plimsoll lab run lab/scenarios/outage-$$tier.yaml || exit 1; done

.PHONY: test-peers
test-peers: tools ## Run clickhouse-go's own HTTP tests against the embedded engine (5 min)
	PLIMSOLL_PEERS=1 go test -timeout 30m -v ./store/engine/peers

.PHONY: clean
clean: ## Remove what was built; keeps the fetched tools
	rm -rf bin out build
