# Documented shortcuts. Each installs what is missing through apt, and says so.
#
#   make run     build, then run the server with an embedded Redis on http://127.0.0.1:8080
#   make test    build, then run every test against what was built
#   make build   target/release/libhallpass.so and target/release/hallpass-server
#   make lint    formatting and lints, warnings denied

APT_GET := $(if $(filter 0,$(shell id -u)),,sudo) apt-get

.PHONY: run test build lint deps

run: build
	target/release/hallpass-server

test: deps
	cargo test --release --workspace --locked

build: deps
	cargo build --release --locked

lint: deps
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets --locked -- -D warnings

# redis-server runs the module; bindgen, which reads Redis' module header, needs libclang.
deps:
	@missing=; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	ls /usr/lib/llvm-*/lib/libclang*.so* 2>/dev/null | grep -q . || missing="$$missing libclang-dev"; \
	command -v curl >/dev/null || missing="$$missing curl"; \
	if [ -n "$$missing" ]; then \
		echo "Installing through apt:$$missing"; \
		$(APT_GET) update -q && DEBIAN_FRONTEND=noninteractive $(APT_GET) install -y -q $$missing; \
	fi
