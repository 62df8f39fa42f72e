# Documented shortcuts. Each installs what is missing through apt, and says so.
#
#   make run     build, then run the server with an embedded Redis on http://127.0.0.1:8080
#   make test    build, then run every test against what was built
#   make test-servers
#                run the integration tests against other versions of Redis and Valkey, which it downloads: those of
#                tests/servers/servers.txt, or SERVERS; SUITE=process for the tests of processes and files alone
#   make build   target/release/libhallpass.so and target/release/hallpass-server
#   make test-stacks
#                run the examples of docs/stacks, each with its own framework, against one table of promises; STACKS=fastapi for
#                some of them
#   make bench   measure, print ratios and write docs/bench; BENCH=name for one of the measurements, which only prints
#   make fuzz    look for inputs that break a parser, FUZZ_SECONDS (60) for each; FUZZ=name for one of them
#   make soak    send random and forged commands to real servers for SOAK_MINUTES (5); SOAK_SEED to do it again
#   make lint    formatting and lints, warnings denied
#
# `make test` also runs programs from PyPI and npm against the server; `make test-tools` installs only these.

APT_GET := $(if $(filter 0,$(shell id -u)),,sudo) apt-get

.PHONY: run test test-servers test-stacks test-tools build bench fuzz soak lint deps cxx

run: build
	target/release/hallpass-server

test: deps test-tools
	cargo test --release --workspace --locked --features hallpass-tests/tools

# With the packages and features of `make test`, so that nothing is built twice. One of the servers is compiled, and needs C++.
test-servers: deps test-tools cxx
	@tests/servers/run

build: deps
	cargo build --release --locked

# Node.js comes from PyPI with the test tools. The whole workspace is built, since the benchmarks start its programs.
bench: deps tests/bench/node/node_modules/.installed
	cargo bench --locked --workspace --bench bench -- $(BENCH)

# Without an address sanitizer, which needs a nightly compiler: the engine forbids unsafe code, so it would find nothing.
# New inputs go to target/fuzz; inputs that break something are kept in fuzz/artifacts.
FUZZ ?= $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs)))
FUZZ_SECONDS ?= 60

fuzz: deps cxx
	@command -v cargo-fuzz >/dev/null || { echo "Installing from crates.io: cargo-fuzz"; cargo install --locked cargo-fuzz; }
	@for target in $(FUZZ); do \
		mkdir -p target/fuzz/$$target && \
		CARGO_PROFILE_RELEASE_LTO=off cargo fuzz run --features libfuzzer --sanitizer none --codegen-units 16 \
			$$target target/fuzz/$$target fuzz/corpus/$$target -- \
			-max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=10 -rss_limit_mb=1024 -verbosity=0 -print_final_stats=1 \
			|| exit 1; \
	done

SOAK_MINUTES ?= 5

soak: deps
	SOAK_MINUTES=$(SOAK_MINUTES) cargo test --release --locked -p hallpass-tests --test it -- attacks::soak:: --nocapture

lint: deps
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets --locked --features hallpass-tests/stacks -- -D warnings

# redis-server runs the module; bindgen, which reads Redis' module header, needs libclang.
deps:
	@missing=; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	ls /usr/lib/llvm-*/lib/libclang.so 2>/dev/null | grep -q . || missing="$$missing libclang-dev"; \
	command -v curl >/dev/null || missing="$$missing curl"; \
	if [ -n "$$missing" ]; then \
		echo "Installing through apt:$$missing"; \
		$(APT_GET) update -q && DEBIAN_FRONTEND=noninteractive $(APT_GET) install -y -q $$missing; \
	fi

cxx:
	@command -v c++ >/dev/null || { echo "Installing through apt: g++"; $(APT_GET) update -q && $(APT_GET) install -y -q g++; }

# Programs that we did not write: clients, verifiers, gateways, an API tester, a browser. Those from PyPI and npm are
# pinned; Node.js comes from PyPI, too.
TOOLS := target/test-tools
PYTHON_TOOLS := $(TOOLS)/installed
NODE_TOOLS := tests/clients/node_modules/.installed tests/browser/node_modules/.installed \
	tests/identities/node_modules/.installed

test-tools: $(PYTHON_TOOLS) $(NODE_TOOLS)
	@missing=; \
	PATH="$$PATH:/usr/sbin" command -v nginx >/dev/null || missing="$$missing nginx"; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	command -v go >/dev/null || missing="$$missing golang-go"; \
	test -d /usr/share/gocode/src/github.com/golang-jwt/jwt || missing="$$missing golang-github-golang-jwt-jwt-dev"; \
	if [ -n "$$missing" ]; then \
		echo "Installing through apt:$$missing"; \
		$(APT_GET) update -q && DEBIAN_FRONTEND=noninteractive $(APT_GET) install -y -q $$missing; \
	fi

# The examples install what is not from apt themselves, with the commands of their pages.
STACK_PACKAGES := golang-go golang-github-gin-gonic-gin-dev golang-github-gomodule-redigo-dev \
	default-jdk-headless libspring-web-servlet-java libspring-jdbc-java libspring-transaction-java \
	libjetty9-java libhsqldb-java libjackson2-databind-java

test-stacks: build $(PYTHON_TOOLS)
	@dpkg -s $(STACK_PACKAGES) >/dev/null 2>&1 || { echo "Installing through apt: $(STACK_PACKAGES)"; \
		$(APT_GET) update -q && DEBIAN_FRONTEND=noninteractive $(APT_GET) install -y -q $(STACK_PACKAGES); }
	cargo test --release --locked -p hallpass-tests --features hallpass-tests/stacks --test stacks -- $(STACKS)

$(PYTHON_TOOLS): tests/tools/requirements.txt
	@if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "Installing through apt: python3-venv"; \
		$(APT_GET) update -q && DEBIAN_FRONTEND=noninteractive $(APT_GET) install -y -q python3-venv; \
	fi
	@echo "Installing from PyPI into $(TOOLS): $$(sed -n 's/==.*//p' $< | tr '\n' ' ')"
	@python3 -m venv --clear $(TOOLS)
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

tests/%/node_modules/.installed: tests/%/package.json tests/%/package-lock.json $(PYTHON_TOOLS)
	@echo "Installing from npm into $(@D): $$(sed -n '/ependencies/,/}/s/^ *"\(.*\)": "[0-9].*/\1/p' $< | tr '\n' ' ')"
	@PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" npm --prefix $(<D) ci --no-audit --no-fund --loglevel=error
	@touch $@
