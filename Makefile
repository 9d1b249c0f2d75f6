# offboard: everything a fresh machine with Go needs is behind these targets.
#
#   make demo    the main job on testdata/leavers.csv, against a simulated tenant
#   make test    every test, vet, and all of it once more with the race detector, fewer cases each
#   make quick   the tests of everything that does not link the Graph SDK, in seconds
#   make check   formatting, vet and staticcheck of our own packages
#   make bench   the pace against the optimum in virtual time, then speed on loopback, as tables
#   make scale   a run of a million users: memory, journal, resume, report; needs /usr/bin/time
#   make release-check  that everything, its tests too, builds for Linux, macOS and Windows
#   make torture 500 kills at random moments and at named points, each held against the tenant's own word
#   make build   bin/offboard

.PHONY: demo test quick others release-check check bench scale torture build

# The rooms that do not link the Graph SDK.
LEAN = ./batch ./batch/intake ./batch/throttle ./batch/journal ./batch/planfile ./batch/durable ./batch/graphsim ./batch/sendertest ./report

DEMO := $(shell mktemp -u -d "$${TMPDIR:-/tmp}/offboard-demo-XXXXXX")

build:
	@echo "building offboard; the first build compiles the Microsoft Graph SDK, which takes minutes and over 4 GB of memory"
	go build -o bin/offboard ./cmd/offboard

demo: build
	@echo
	@echo 'offboard run testdata/leavers.csv --simulate --rate 50 --yes'
	@bin/offboard run testdata/leavers.csv --simulate --rate 50 --yes --journal $(DEMO)/journal.db --report-dir $(DEMO)/report; \
		code=$$?; echo; echo "exit code $$code: 3 means finished, with users who did not end in success"; \
		test $$code -eq 3
	@echo "the report, one line per row of the input:"
	@head -n 4 $(DEMO)/report/report.csv
	@echo "..."

test: quick others
	@echo "testing what links the Microsoft Graph SDK; the first time compiles it with the race detector, which takes minutes and over 4 GB of memory"
	go vet ./...
	go test -timeout 60m ./batch/graph ./cmd/offboard
	go test -race -short -timeout 60m ./...

quick:
	go vet $(LEAN)
	go test $(LEAN)

# What does not link the SDK, and the tests of it, for the other systems.
others:
	for os in windows darwin; do GOOS=$$os go vet $(LEAN) || exit 1; done

# The SDK is compiled once for each system, which takes minutes each.
release-check: others
	for target in linux/amd64 linux/arm64 darwin/arm64 windows/amd64; do \
		echo $$target; export CGO_ENABLED=0 GOOS=$${target%/*} GOARCH=$${target#*/}; \
		go build -o /dev/null ./cmd/offboard && go vet ./... || exit 1; done

check:
	@test -z "$$(gofmt -l batch cmd report)" || { gofmt -l batch cmd report; exit 1; }
	go vet ./...
	go tool staticcheck ./...

bench:
	go test -v -run '^TestPaceBench$$' ./cmd/offboard -pace
	go test -v -run '^TestSpeedBench$$' ./cmd/offboard -speed

scale:
	go test -v -timeout 60m -run '^TestScale$$' ./cmd/offboard -scale 1000000

torture:
	go test -v -timeout 60m -run '^TestTorture$$' ./cmd/offboard -kills 500
