#!/bin/sh
# Make .venv with what the given requirements file pins.
set -eu
python=${PYTHON:-python3}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "The portal needs Python 3.11 or newer, and $python is not. Name another: make PYTHON=python3.12 …" >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends python3-venv >/dev/null
    else
        echo "Python's venv module is missing. Debian, Ubuntu: apt-get install python3-venv" >&2
        exit 1
    fi
fi
[ -x .venv/bin/pip ] || "$python" -m venv --clear .venv
echo "Installing what $1 pins …"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$1"
