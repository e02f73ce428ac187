# Everything a developer and CI run. `make` alone lists the targets.

MODULES  = . test bench
FUZZTIME = 1m
SOAKTIME = 10m
BENCH    =

# The Go files that we write; npm packages may bring Go files too.
SOURCES = find . -name '*.go' -not -path '*/node_modules/*' -not -path './.git/*'

help: ## this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed 's/:.*## /|/' | while IFS='|' read -r target text; do printf '  %-12s %s\n' "$$target" "$$text"; done

build: ## the server, as bin/weir
	go build -trimpath -o bin/weir ./cmd/weir

test: setup fmt-check vet test-root test-stock test-bench cross ## what CI runs: all tests of all modules
	@echo 'make test: passed'

setup: ## install what the tests of test/ need: npm packages and Chromium
	@echo '== setup'
	@sh test/setup.sh

fmt: ## format all Go code
	@gofmt -w $$($(SOURCES))

fmt-check:
	@echo '== gofmt'
	@bad=$$(gofmt -l $$($(SOURCES))) && if [ -n "$$bad" ]; then echo "not formatted, run make fmt:" >&2; echo "$$bad" >&2; exit 1; fi

vet: ## go vet, all modules
	@for module in $(MODULES); do echo "== go vet: $$module"; (cd $$module && go vet ./...) || exit 1; done

test-root: ## tests of the server's own rooms, with the race detector
	@echo '== go test -race: server'
	@go test -race -shuffle=on ./...

test-stock: ## stock clients and raw bytes against Weir and against a stock nats-server
	@echo '== go test: stock clients'
	@cd test && go test -count=1 ./...

test-bench: ## the load itself, and the memory of an idle connection
	@echo '== go test: bench'
	@cd bench && go test -count=1 ./...

cross: ## compile for other systems
	@for os in linux darwin windows; do echo "== go build: $$os"; GOOS=$$os CGO_ENABLED=0 go build ./... || exit 1; done

bench: ## Weir beside a stock nats-server and a bare epoll server; BENCH='-quick -only fan-out' for a part
	@cd bench && go run . $(BENCH)

bench-table: ## the same, and its table into docs/performance.md
	@cd bench && go run . -table ../docs/performance.md $(BENCH)

bench-growth: ## how costs grow with connections, receivers, bytes, subjects, messages a second: bench/results/growth.json
	@cd bench && go run . -growth results/growth.json $(BENCH)

bench-plots: ## the plots of that file, in docs/plots
	@cd bench && go run . -growth results/growth.json -plots ../docs/plots

fuzz: ## every fuzz target of the server, FUZZTIME=1m each
	@packages=$$(go list ./...) || exit 1; for package in $$packages; do \
		targets=$$(go test -list '^Fuzz' "$$package") || { echo "$$targets"; exit 1; }; \
		for target in $$(echo "$$targets" | grep '^Fuzz'); do \
			echo "== $$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$package" || exit 1; \
		done; \
	done
	@echo 'make fuzz: passed'

soak: ## one server under every workload and misuse, SOAKTIME=10m
	@cd bench && go run . -soak $(SOAKTIME)

.PHONY: help build test setup fmt fmt-check vet test-root test-stock test-bench cross bench bench-table bench-growth bench-plots fuzz soak
.NOTPARALLEL:
