# offboard: everything a fresh machine with Go needs is behind these targets.
#
#   make demo           the main job on testdata/leavers.csv, against a simulated tenant
#   make test           every test once, and vet, also for Windows and macOS (about 11 min; more with a cold cache)
#   make quick          vet and the tests of everything that does not link the Graph SDK (40 s)
#   make soak           the long runs: exhaustive, cases, torture and race, see there (about 2 h)
#   make soak-ci        the same with fewer cases, kills, flipped bits and tests under race (about half an hour)
#   make race           every test under the race detector, in its short form; needs a C compiler (half an hour and more)
#   make exhaustive     the rooms whose tests have a long form (-soak), in that form
#   make cases          10,000 drawn cases in which nobody else may be touched; CASES=n for n of them (30 min)
#   make torture        500 kills at random moments and at named points, held against the tenant's own log, and 500 more
#                       of runs with several steps; KILLS=n (30 min and more)
#   make check          formatting, vet and staticcheck of our own packages; what is linked: its sums, licences, and no unused requirement
#   make kubernetes     the manifests of .release/kubernetes are decoded strictly (the first time 2 min)
#   make upgrade        a run goes on under another version, and back; FROM=COMMIT (3 min)
#   make nights         an hour of nightly jobs on one journal, with faults, kills, prunes and upgrades; NIGHTS=60m FROM=COMMIT
#   make servers        installs what TestReal... starts, by npm: an authorization server and an OData service (1 min)
#   make bench          the pace against the optimum in virtual time, then speed on loopback, as tables
#   make scale          a run of a million users: memory, journal, resume, report; needs /usr/bin/time (20 min)
#   make engine-test    offboard-temporal: its tests, replay, and real servers and workers as processes, some of them
#                       killed (2 min; the first time builds the Temporal CLI, 4 min and 1.4 GB of build cache)
#   make engine-demo    three simulated tenants with 2,000 users, a Temporal server, PostgreSQL and two workers, one of
#                       which is killed in the middle: status and report tell the rest; needs PostgreSQL's programs (1 min)
#   make release-check  that everything, its tests too, builds for Linux, macOS and Windows
#   make build          bin/offboard
#   make release        what people install, from the commit that is checked out, into bin/release: .release/README.md;
#                       TARGETS=linux/amd64 for one system (5 min for each), SIGN_KEY=FILE to sign it
#   make vuln           known vulnerabilities in what offboard calls, by govulncheck; asks the internet, so CI does not
#   make help           this list; times are of 2 cores

.PHONY: build demo help servers test quick others soak soak-ci race exhaustive cases torture check licences kubernetes upgrade nights bench scale engine-test engine-demo release-check release vuln

# The rooms that do not link the Graph SDK.
LEAN = $(shell go list ./... | grep -vE '/(batch/graph|batch/job|cmd/flagfile|cmd/offboard)$$')

# The rooms whose tests have a long form.
LONG = $(sort $(dir $(shell grep -rl '"soak", false' --include='*_test.go' batch cmd report)))

# SQLite is C translated to Go, and works on memory that the race detector does not
# watch: instrumented, it takes five times as long and finds nothing more. Of its modules
# this package alone is left out: where another one makes a sync.Map or the like, the linker
# may take its copy for the whole program, and races of others are seen that there are not.
RACE = -race '-gcflags=modernc.org/sqlite/lib=-race=false'

# How much the long runs do, and which tests they leave out: of a long form, and under
# the race detector. There soak-ci lacks those that take long and do little at once.
CASES = 10000
KILLS = 500
SKIP =
CALM = ^$$
soak-ci: CASES = 500
soak-ci: KILLS = 30
soak-ci: LONG = batch/journal batch/throttle
soak-ci: SKIP = ^TestFlips$$
soak-ci: CALM = ^(TestScripts|TestTorture.*|TestNobodyElseIsTouched|TestKilled.*|TestPoints.*|TestStopAtEveryCall|TestDoctorsTroubles|TestEveryEndingInEveryForm|TestServer|TestFaults|TestEngineFaults|TestFlips|TestPowerCuts|TestQuotaIsNeverOverrun|TestResolveAtFullQuota|TestNumbersMakeSense|TestCompletionInShells|TestNothingTalksToTheTerminal|TestReal.*)$$

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

help:
	@sed -n '/^$$/q; s/^#   //p' $(firstword $(MAKEFILE_LIST))

test: others
	@echo "testing everything; the first time compiles the Microsoft Graph SDK, which takes minutes and over 4 GB of memory"
	go vet ./...
	go test -timeout 30m ./...

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

release:
	.release/build

VULN = go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./...

vuln:
	$(VULN)
	cd cmd/offboard-temporal && $(VULN)

# Verify has no sum of offboard itself, which offboard-temporal finds in the directory above, and says so.
check:
	@test -z "$$(gofmt -l batch cmd report)" || { gofmt -l batch cmd report; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	go mod tidy -diff
	go mod verify
	cd cmd/offboard-temporal && go mod tidy -diff && ! go mod verify 2>&1 | grep -v -e '^offboard v0.0.0' -e '^all modules'
	$(MAKE) licences

licences:
	.release/licences

kubernetes:
	cd .release/kubernetes/check && go run . ../*.yaml

# The other version of offboard that upgrade and nights build.
FROM = HEAD~1
NIGHTS = 60m

upgrade:
	go test -v -timeout 20m -run '^TestUpgrade$$' ./cmd/offboard -from $(FROM)

nights:
	go test -v -timeout 24h -run '^TestNights$$' ./cmd/offboard -nights $(NIGHTS) -from $(FROM)

servers:
	cd cmd/offboard/testdata/servers && npm ci --ignore-scripts --no-audit --no-fund

bench:
	go test -v -run '^TestPace(Bench|OfSteps)$$' ./cmd/offboard -pace
	go test -v -run '^TestSpeedBench$$' ./cmd/offboard -speed

scale:
	go test -v -timeout 60m -run '^TestScale$$' ./cmd/offboard -scale 1000000

# The newest version of Temporal's CLI that go install takes.
TEMPORAL = $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/offboard/temporal-1.5.1
ENGINE = cd cmd/offboard-temporal && go vet ./... && go test -timeout 20m

$(TEMPORAL):
	@echo "building the Temporal CLI, which takes minutes"
	mkdir -p "$(@D)" && GOBIN="$(@D)" go install -trimpath -ldflags "-s -w" github.com/temporalio/cli/cmd/temporal@v1.5.1 && mv "$(@D)/temporal" "$@"

engine-test: $(TEMPORAL)
	$(ENGINE) ./... -temporal "$(TEMPORAL)"

engine-demo: $(TEMPORAL)
	export CI=true; $(ENGINE) -count=1 -v -run '^TestDemo$$' . -temporal "$(TEMPORAL)" -demo

soak soak-ci: exhaustive cases torture race

exhaustive:
	for room in $(LONG); do go test ./$$room -timeout 60m -soak -skip '$(SKIP)' || exit 1; done

cases:
	go test -timeout 60m -run '^TestNobodyElseIsTouched$$' ./cmd/offboard -cases $(CASES)

torture:
	go test -v -timeout 60m -run '^TestTorture' ./cmd/offboard -kills $(KILLS)

race:
	@echo "the first time compiles the Microsoft Graph SDK with the race detector, which takes minutes and over 4 GB of memory"
	CGO_ENABLED=1 go test $(RACE) -short -skip '$(CALM)' -timeout 60m ./...
