#!/usr/bin/env bash
# Checks for what LocalStack needs, says what to do about what is missing, and sets it up in .local/localstack, pinned:
# LocalStack itself (requirements.txt), our plug-ins for it (plugins/), DynamoDB Local (an npm package that carries it).
set -euo pipefail
cd "$(dirname "$0")/../../.."
here=infra/local/localstack
home=.local/localstack

dynamodb_package=amplify-dynamodb-simulator@2.9.30
dynamodb_sha512=xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ==

missing=0
lacks() { # lacks <what> <what to do>
  printf 'Missing for LocalStack: %s. %s\n' "$1" "$2" >&2
  missing=1
}

find_python() { # 3.13 by its name, then where pyenv and uv keep theirs
  local candidate
  for candidate in python3.13 python3 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13.*/bin/python3.13 \
    "${UV_PYTHON_INSTALL_DIR:-$HOME/.local/share/uv/python}"/cpython-3.13.*/bin/python3.13; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

find_java() { # 17 or newer with its compiler, which starts DynamoDB Local by way of a few lines of ours
  local candidate
  for candidate in ${JAVA_HOME:+"$JAVA_HOME/bin/java"} java; do
    if "$candidate" --list-modules 2>/dev/null | grep -qE '^jdk\.compiler@(1[7-9]|[2-9][0-9])'; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

python=$(find_python) || lacks 'Python 3.13 with venv, as python3.13 on your PATH or from pyenv or uv' \
  'LocalStack 4.14 runs with no other: 3.12 lacks what it uses, and packages it needs refuse 3.14. "apt-get install python3.13-venv" on Debian 13, "brew install python@3.13" on macOS, "uv python install 3.13" or "pyenv install 3.13" elsewhere.'
java=$(find_java) || lacks 'Java 17 or newer with its compiler (a JDK), as java on your PATH or in JAVA_HOME' \
  '"apt-get install openjdk-17-jdk-headless" on Debian 12 and Ubuntu (21 on Debian 13), "brew install openjdk@17" on macOS.'
npm --version >/dev/null 2>&1 || lacks 'npm' 'Install Node 18 or newer: "apt-get install npm" on Debian and Ubuntu, "brew install node" on macOS.'
if [ "$missing" -ne 0 ]; then
  echo 'Or start LocalStack your own way and use EMULATOR=external AWS_ENDPOINT_URL=http://127.0.0.1:4566, or leave EMULATOR away: MiniStack needs none of these.' >&2
  exit 1
fi

mkdir -p "$home"
ln -sfn "$java" "$home/java"

if ! cmp -s "$here/requirements.txt" "$home/venv/installed.txt" || ! "$home/venv/bin/python" -c '' 2>/dev/null; then
  echo "Fetching LocalStack into $home/venv …"
  "$python" -m venv --clear "$home/venv"
  # Not compiled ahead: most of it is never used, and what is gets compiled when it is first.
  if ! "$home/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes \
    --requirement "$here/requirements.txt"; then
    echo 'Could not fetch LocalStack from the Python package index. Check the network (or pip'\''s proxy settings) and try again.' >&2
    exit 1
  fi
  cp "$here/requirements.txt" "$home/venv/installed.txt"
fi

cat "$here"/plugins/pyproject.toml "$here"/plugins/leadline_localstack/*.{py,java} >"$home/plugins.txt"
if ! cmp -s "$home/plugins.txt" "$home/venv/installed-plugins.txt"; then
  # From a copy, since a build leaves files beside the sources.
  rm -rf "$home/plugins"
  cp -R "$here/plugins" "$home/plugins"
  "$home/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps \
    --no-build-isolation --force-reinstall "$home/plugins"
  cp "$home/plugins.txt" "$home/venv/installed-plugins.txt"
fi

if ! grep -qsx "$dynamodb_sha512" "$home/dynamodb/installed.txt"; then
  echo "Fetching DynamoDB Local into $home/dynamodb …"
  echo "  It is Amazon's, for development and testing only: its licence is $home/dynamodb/LICENSE.txt."
  rm -rf "$home/dynamodb" "$home/fetched"
  mkdir -p "$home/fetched"
  if ! npm pack "$dynamodb_package" --silent --ignore-scripts --pack-destination "$home/fetched" >/dev/null; then
    echo 'Could not fetch DynamoDB Local from the npm registry. Check the network (or npm'\''s proxy settings) and try again.' >&2
    exit 1
  fi
  package=("$home"/fetched/*.tgz)
  found=$("$python" -c 'import base64, hashlib, sys
print(base64.b64encode(hashlib.sha512(open(sys.argv[1], "rb").read()).digest()).decode())' "${package[0]}")
  if [ "$found" != "$dynamodb_sha512" ]; then
    echo "What came for $dynamodb_package is not what was pinned: sha512-$found. Nothing of it was installed." >&2
    rm -rf "$home/fetched"
    exit 1
  fi
  tar -xzf "${package[0]}" -C "$home/fetched" package/emulator
  mv "$home/fetched/package/emulator" "$home/dynamodb"
  rm -rf "$home/fetched"
  echo "$dynamodb_sha512" >"$home/dynamodb/installed.txt"
fi
