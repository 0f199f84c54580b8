# The front door. Everything is set up by itself on a Debian 12; say `make help`.
SHELL := /bin/bash
comma := ,
OUT ?= out/demo
BUILD ?= build
LISTEN ?= 127.0.0.1:7000
DATA ?= data

# Sources are found by meson when it configures: a new file asks for that again.
configure = tools/sources.py --all src test > .sources; if [ ! -f $(1)/build.ninja ]; then meson setup $(1) $(2) >/dev/null; \
  elif ! cmp -s .sources $(1)/.sources; then meson setup --reconfigure $(1) >/dev/null; fi; mv .sources $(1)/.sources

.PHONY: help run build web test unit libraries web-test api api-postgresql apis browser crash demo interop bench deps deps-test asan faults faults-short faults-build fuzz sanitize lint clean
help:
	@echo "make run              set up this Debian 12 and start roomd on http://localhost:7000"
	@echo "make test             set up and run every test that needs no outside server"
	@echo "make demo OUT=dir     hold a real recorded call between headless browsers; proof in dir/result.json"
	@echo "make bench            speed, as ratios against floors measured in the same run"
	@echo "make build | web      the program (build/roomd) | the pages (web/dist)"
	@echo "make unit | libraries | api | api-postgresql | browser | crash | asan   parts of make test"
	@echo "make sanitize | fuzz  the unit and API tests under ASan and UBSan | every parser under libFuzzer"
	@echo "make faults           kill -9 at every named place, failing disks, memory and networks, a day of lessons in minutes (a part of it is in make test)"
	@echo "make interop          the same job with other people's real servers and clients (LiveKit, Synapse, MinIO, Chromium), from the registries"

deps:
	@tools/deps.sh run
deps-test:
	@tools/deps.sh test

build: deps
	@$(call configure,$(BUILD))
	@ninja -C $(BUILD) --quiet

web: build web/dist/index.html
web/dist/index.html: web/package-lock.json $(shell find web/src web/public web/*.html web/*.ts -type f 2>/dev/null)
	@echo "building the pages"
	@cd web && npm ci --no-audit --no-fund --silent
	@$(BUILD)/roomd openapi > web/openapi.json
	@cd web && npm run --silent types && npm run --silent build
	@touch web/dist/index.html

run: build web
	@$(BUILD)/roomd setup --data $(DATA)
	@echo "roomd serves on http://localhost:$(lastword $(subst :, ,$(LISTEN))) (Ctrl-C ends it; log: $(DATA)/roomd.log)"
	@$(BUILD)/roomd serve --data $(DATA) --listen $(LISTEN) 2>>$(DATA)/roomd.log || { tail -n 2 $(DATA)/roomd.log >&2; exit 1; }

venv: .venv/bin/pytest
.venv/bin/pytest: test/requirements.txt
	@python3 -m venv .venv && .venv/bin/pip install --quiet --disable-pip-version-check -r test/requirements.txt
	@touch .venv/bin/pytest

test: deps-test build web .venv/bin/pytest lint unit libraries web-test apis browser crash faults-short asan fuzz
	@cat out/again/*.look 2>/dev/null; echo "make test: all parts passed"
lint:
	@tools/check_layers.py && tools/size_report.py
unit: build
	@meson test -C $(BUILD) --print-errorlogs
web-test: web
	@cd web && npm test --silent
# The client libraries' examples on the wire, and programs built with what `meson install` installs.
libraries: deps-test build .venv/bin/pytest
	@tools/again.sh libraries .venv/bin/pytest -q test/libraries
API = .venv/bin/pytest -q test/api
API_POSTGRESQL = DATABASE=postgresql $(API) --ignore test/api/test_two_nodes.py --ignore test/api/test_schemathesis.py
api: deps-test build web .venv/bin/pytest
	@$(API)
# The same on the other database, on a private server.
api-postgresql: deps-test build web .venv/bin/pytest
	@$(API_POSTGRESQL)
# Both at once, each in two parts: tests wait more than they work. What the parts have met of spec/ is judged together.
apis: deps-test build web .venv/bin/pytest
	@tools/apis.sh

browser: build web deps-test .venv/bin/pytest
	@tools/again.sh browser tools/netns.sh .venv/bin/pytest -q test/browser

crash: build web deps-test .venv/bin/pytest
	@tools/again.sh crash tools/netns.sh .venv/bin/pytest -q test/crash

demo: deps-test build web .venv/bin/pytest
	@tools/netns.sh .venv/bin/python test/demo/demo.py $(OUT)

FAULTS_SHORT = (named_place and sqlite) or not_synced_is or (nth and memory) or (goes_on and full) or a_day
# A roomd that can be ended at the places of spec/faults.def and whose clock can be moved (doc/faults.md). FAULT_SEED=N plays a run again.
faults-build: deps-test .venv/bin/pytest
	@$(call configure,build-faults,-Dfaults=true)
	@ninja -C build-faults --quiet roomd libfaults_inject.so
# Scenes wait more than they work, so some are played beside each other; each process takes the next one.
FAULTS = .venv/bin/pytest -q --dist load --maxschedchunk 1 test/faults
faults: faults-build
	@FAULT_EACH=$${FAULT_EACH:-8} FAULT_HOURS=$${FAULT_HOURS:-24} $(FAULTS) -n 5
faults-short: faults-build
	@FAULT_EACH=1 FAULT_HOURS=1 tools/again.sh faults $(FAULTS) -n 3 -k '$(FAULTS_SHORT)'

# Bad input of every kind, against a server that notices every wrong byte.
BAD_INPUT = test/api/test_http.py test/api/test_validation.py test/api/test_call.py test/api/test_call_host.py test/api/test_seats.py
asan: deps-test .venv/bin/pytest
	@$(call configure,build-asan,-Db_sanitize=address$(comma)undefined -Db_lundef=false)
	@ninja -C build-asan --quiet roomd
	@TEST_DEADLINE=30 ASAN_OPTIONS=detect_leaks=1 ROOMD_BINARY=$(CURDIR)/build-asan/roomd tools/again.sh asan .venv/bin/pytest -q $(BAD_INPUT)

sanitize: deps-test .venv/bin/pytest
	@$(call configure,build-asan,-Db_sanitize=address$(comma)undefined -Db_lundef=false)
	@ninja -C build-asan --quiet && meson test -C build-asan --print-errorlogs
	@TEST_DEADLINE=30 ROOMD_BINARY=$(CURDIR)/build-asan/roomd .venv/bin/pytest -q test/api

fuzz: deps-test
	@tools/fuzz.sh

bench: deps-test build .venv/bin/pytest
	@.venv/bin/python bench/bench.py

# Real servers from the registries, kept in .interop/; what could not be had is named, and the run fails.
interop: deps-test build web .venv/bin/pytest
	@tools/deps.sh interop
	@.venv/bin/python test/interop/install.py
	@tools/netns.sh .venv/bin/python test/interop/run.py $(INTEROP)

clean:
	@rm -rf build build-asan build-faults web/dist web/node_modules .venv .interop
