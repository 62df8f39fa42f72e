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
#   make load    drill a million sessions on one core (ten minutes), and write docs/bench/load.md; SESSIONS=100000 for a quick
#                try, which only prints
#   make pictures
#                draw the pictures of the console in docs anew
#   make fuzz    look for inputs that break a parser, FUZZ_SECONDS (60) for each; FUZZ=name for one of them
#   make soak    send random and forged commands to real servers for SOAK_MINUTES (5); SOAK_SEED to do it again
#   make lint    formatting and lints, warnings denied
#
#   make dist    build what a release consists of into target/artefacts; PLATFORMS=x86_64-linux-gnu for one platform
#   make test-dist
#                make dist for x86_64 with glibc, and test what came out: make test with its module and server, and what is
#                packed with them; PLATFORMS= builds every platform
#   make test-roots
#                install and use what make dist made on bare systems, as root; ROOTS="debian_12 musl" for some
#   make test-images
#                build the images from what make dist made and run compose.yaml's services, as root
#   make lint-packaging
#                lint scripts, workflows and Kubernetes manifests
#   make deny    check licences and sources of dependencies; CHECKS=advisories for known flaws, over the network
#   make msrv    check with the oldest Rust that Cargo.toml allows, which rustup installs
#
# `make test` also runs programs from PyPI and npm against the server; `make test-tools` installs only these.

APT_GET := $(if $(filter 0,$(shell id -u)),,sudo) apt-get

.PHONY: run test test-servers test-stacks test-tools build bench load pictures fuzz soak lint deps cxx
.PHONY: dist test-dist test-roots test-images lint-packaging deny msrv dist-deps root-deps image-deps venv

run: build
	target/release/hallpass-server

# Tests mostly wait, so twice as many as there are cores run at a time.
test: deps test-tools
	RUST_TEST_THREADS=$${RUST_TEST_THREADS:-$$((2 * $$(nproc)))} \
		cargo test --release --workspace --locked --features hallpass-tests/tools

# With the packages and features of `make test`, so that nothing is built twice. One of the servers is compiled, and needs C++.
test-servers: deps test-tools cxx
	@tests/servers/run

build: deps
	cargo build --release --locked

# Node.js comes from PyPI with the test tools. The whole workspace is built, since the benchmarks start its programs.
bench: deps tests/bench/node/node_modules/.installed
	cargo bench --locked --workspace --bench bench -- $(BENCH)

load: deps
	SESSIONS=$(SESSIONS) cargo bench --locked --workspace --bench bench -- load

pictures: deps test-tools
	PICTURES=$(CURDIR)/docs cargo test --release --locked -p hallpass-tests --features tools --test it -- tools::console::the_pictures

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
	cargo clippy --release --workspace --all-targets --locked --features hallpass-tests/stacks,hallpass-dist-tests/dist -- -D warnings

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

venv:
	@if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "Installing through apt: python3-venv"; \
		$(APT_GET) update -q && DEBIAN_FRONTEND=noninteractive $(APT_GET) install -y -q python3-venv; \
	fi

test-tools: $(PYTHON_TOOLS) $(NODE_TOOLS)
	@missing=; \
	PATH="$$PATH:/usr/sbin" command -v nginx >/dev/null || missing="$$missing nginx"; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	command -v promtool >/dev/null || missing="$$missing prometheus"; \
	command -v go >/dev/null || missing="$$missing golang-go"; \
	test -d /usr/share/gocode/src/github.com/golang-jwt/jwt || missing="$$missing golang-github-golang-jwt-jwt-dev"; \
	test -d /usr/share/gocode/src/github.com/gomodule/redigo || missing="$$missing golang-github-gomodule-redigo-dev"; \
	if [ -n "$$missing" ]; then \
		echo "Installing through apt:$$missing"; \
		$(APT_GET) update -q && DEBIAN_FRONTEND=noninteractive $(APT_GET) install -y -q $$missing; \
	fi

# The examples install what is not from apt themselves, with the commands of their pages.
STACK_PACKAGES := golang-go golang-github-gin-gonic-gin-dev golang-github-gomodule-redigo-dev \
	default-jdk-headless libspring-web-servlet-java libspring-jdbc-java libspring-transaction-java \
	libjetty9-java libhsqldb-java libjackson2-databind-java libaopalliance-java chromium

test-stacks: deps $(PYTHON_TOOLS) tests/browser/node_modules/.installed
	@dpkg -s $(STACK_PACKAGES) >/dev/null 2>&1 || { echo "Installing through apt: $(STACK_PACKAGES)"; \
		$(APT_GET) update -q && DEBIAN_FRONTEND=noninteractive $(APT_GET) install -y -q $(STACK_PACKAGES); }
	cargo build --release --locked --bin hallpass-example-axum
	cargo test --release --workspace --locked --features hallpass-tests/stacks --test stacks -- $(STACKS)

$(PYTHON_TOOLS): tests/tools/requirements.txt | venv
	@echo "Installing from PyPI into $(TOOLS): $$(sed -n 's/==.*//p' $< | tr '\n' ' ')"
	@python3 -m venv --clear $(TOOLS)
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

tests/%/node_modules/.installed: tests/%/package.json tests/%/package-lock.json $(PYTHON_TOOLS)
	@echo "Installing from npm into $(@D): $$(sed -n '/ependencies/,/}/s/^ *"\(.*\)": "[0-9].*/\1/p' $< | tr '\n' ' ')"
	@PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" npm --prefix $(<D) ci --no-audit --no-fund --loglevel=error
	@touch $@

# The compilers of a release, Zig's among them, come from PyPI.
DIST_TOOLS := target/dist-tools
PLATFORMS ?= x86_64-linux-gnu aarch64-linux-gnu x86_64-linux-musl

dist: deps dist-deps $(DIST_TOOLS)/installed
	@packaging/dist $(PLATFORMS)

test-dist: PLATFORMS = x86_64-linux-gnu
DIST_TEST := cargo test --locked -p hallpass-dist-tests --features dist

test-dist: dist test-tools
	$(DIST_TEST) -- --skip roots:: --skip images::
	@rm -rf target/dist-test && mkdir target/dist-test
	@tar -xzf target/artefacts/hallpass-*-x86_64-linux-gnu.tar.gz -C target/dist-test --strip-components 1
	HALLPASS_MODULE=$(CURDIR)/target/dist-test/libhallpass.so HALLPASS_SERVER=$(CURDIR)/target/dist-test/hallpass-server $(MAKE) test

ROOTS ?= roots::

test-roots: root-deps test-tools
	$(DIST_TEST) -- --test-threads 1 $(ROOTS)

test-images: root-deps image-deps
	$(DIST_TEST) -- --test-threads 1 images::

lint-packaging: tests/lint/node_modules/.installed $(DIST_TOOLS)/installed
	@command -v shellcheck >/dev/null || { echo "Installing through apt: shellcheck"; $(APT_GET) update -q && $(APT_GET) install -y -q shellcheck; }
	shellcheck .ci/run packaging/dist packaging/reproduce packaging/rotate-keys packaging/deb/*
	PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" node tests/lint/workflows.mjs .github/workflows/*.yml
	$(DIST_TOOLS)/bin/kubernetes-validate --quiet --strict packaging/kubernetes/*.yaml

CHECKS ?= bans licenses sources

deny:
	@command -v cargo-deny >/dev/null || { echo "Installing from crates.io: cargo-deny"; cargo install --locked cargo-deny; }
	cargo deny --locked check $(CHECKS)

MSRV := $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

msrv: deps
	rustup toolchain install $(MSRV) --profile minimal
	cargo +$(MSRV) check --workspace --all-targets --locked

# Programs of Debian packages, as program:package.
DIST_PROGRAMS := systemd-analyze:systemd aarch64-linux-gnu-objcopy:binutils-aarch64-linux-gnu git:git
ROOT_PROGRAMS := debootstrap:debootstrap qemu-aarch64-static:qemu-user-static musl-gcc:musl-tools ip:iproute2 systemd-nspawn:systemd-container
IMAGE_PROGRAMS := buildah:buildah podman:podman runc:runc iptables:iptables /usr/lib/podman/netavark:netavark \
	/usr/lib/podman/aardvark-dns:aardvark-dns

dist-deps: PROGRAMS = $(DIST_PROGRAMS)
root-deps: PROGRAMS = $(ROOT_PROGRAMS)
image-deps: PROGRAMS = $(IMAGE_PROGRAMS)

dist-deps root-deps image-deps:
	@missing=; \
	for pair in $(PROGRAMS); do command -v $${pair%:*} >/dev/null || missing="$$missing $${pair#*:}"; done; \
	if [ -n "$$missing" ]; then \
		echo "Installing through apt:$$missing"; \
		$(APT_GET) update -q && DEBIAN_FRONTEND=noninteractive $(APT_GET) install -y -q --no-install-recommends $$missing; \
	fi

$(DIST_TOOLS)/installed: packaging/requirements.txt | venv
	@echo "Installing from PyPI into $(DIST_TOOLS): $$(sed -n 's/==.*//p' $< | tr '\n' ' ')"
	@python3 -m venv --clear $(DIST_TOOLS)
	@$(DIST_TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@
