# Everything a fresh machine needs is done by the targets themselves.
GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
COMMIT  ?= $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
OUT     ?= bin/ovpn-verify
TAGS    ?=
# Where front can run before Go's runtime starts, the kernel starts the program there.
TARGET  := $(or $(GOOS),$(shell $(GO) env GOOS))/$(or $(GOARCH),$(shell $(GO) env GOARCH))
ENTRY   := $(if $(filter linux/amd64 linux/arm64,$(TARGET)),-E ovpn-verify/verify/front.Entry)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)

.PHONY: build
build: ## the static binary, bin/ovpn-verify
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -tags '$(TAGS)' -ldflags '$(ENTRY) $(LDFLAGS)' -o $(OUT) ./cmd/ovpn-verify

.PHONY: test
test: ## every test, with what it needs; without root it says what it leaves out
	scripts/test

.PHONY: demo
demo: ## a real client connecting with password and code
	scripts/install-deps
	$(MAKE) build
	$(GO) run ./scripts/demo --binary bin/ovpn-verify

.PHONY: lint
lint: ## what CI checks besides the tests
	gofmt -l .
	$(GO) vet -tags e2e ./...
	$(GO) tool -modfile=scripts/tools.mod staticcheck -tags e2e ./...

.PHONY: packages
packages: ## deb, rpm and tarball for amd64 and arm64, with their sums, in dist
	scripts/packaging/build

.PHONY: packages-reproducible
packages-reproducible: ## the packages of the last commit, built twice: the same bytes?
	scripts/packaging/reproducible

.PHONY: fuzz
fuzz: ## each fuzz target for a minute
	scripts/fuzz

.PHONY: bench
bench: build ## what OpenVPN waits for, beside other programs; keeps testdata/bench/latest.txt
	$(GO) run ./scripts/bench --binary bin/ovpn-verify

.PHONY: bench-daemon
bench-daemon: build ## the same from a real daemon's side, appended to the file
	scripts/install-deps
	$(GO) run ./scripts/bench --binary bin/ovpn-verify --daemon

.PHONY: bench-state
bench-state: ## what a login costs the state, with few records and many; keeps testdata/bench/state.txt
	cd verify/state && $(GO) test -table > ../../testdata/bench/state.txt
	sed -i "/^ok/d" testdata/bench/state.txt
	cat testdata/bench/state.txt

.PHONY: bench-storm
bench-storm: build ## a thousand logins at once on slow backends; keeps testdata/bench/storm.txt
	scripts/install-deps
	$(MAKE) build TAGS=slowfile OUT=bin/ovpn-verify-slow
	$(GO) run ./scripts/bench/storm --binary bin/ovpn-verify --slow bin/ovpn-verify-slow

.PHONY: bench-rates
bench-rates: build ## logins per second through one worker, and what bounds them, as root; keeps testdata/bench/rates.txt
	scripts/install-deps
	$(GO) run ./scripts/bench/rates --binary bin/ovpn-verify

.PHONY: bench-worker
bench-worker: build ## a worker's start and its reaction, step by step, as root; keeps testdata/bench/worker.txt
	scripts/install-deps
	$(GO) run ./scripts/bench/worker --binary bin/ovpn-verify

.PHONY: size
size: build ## what each dependency adds to the binary and to the worker's start; keeps testdata/bench/size.txt
	$(GO) run ./scripts/bench/size --binary bin/ovpn-verify
