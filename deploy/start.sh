#!/bin/sh
# Start a portal with Docker: deploy/start.sh https://HOST
# Safe to run again: it keeps .env, builds the image anew, brings the database up to date and restarts what changed.
set -eu
cd "$(dirname "$0")/.."

secret() { od -An -N 32 -t x1 /dev/urandom | tr -d ' \n'; }

if [ ! -e .env ]; then
    case ${1:-} in
        https://?*) ;;
        *)
            echo "Name the address of the portal: deploy/start.sh https://HOST" >&2
            exit 2
            ;;
    esac
    umask 077
    sed -e "s|^PORTAL_BASE_URL=.*|PORTAL_BASE_URL=$1|" \
        -e "s|^POSTGRES_PASSWORD=.*|POSTGRES_PASSWORD=$(secret)|" \
        -e "s|^PORTAL_SECRET_KEY=.*|PORTAL_SECRET_KEY=$(secret)|" \
        -e "s|^PORTAL_METRICS_TOKEN=.*|PORTAL_METRICS_TOKEN=$(secret)|" deploy/env.sample >.env.new
    mv .env.new .env
    echo "Wrote .env with secrets of its own; keep a copy of it where your backups are."
elif [ -n "${1:-}" ] && ! grep -qxF "PORTAL_BASE_URL=$1" .env; then
    echo ".env names another address than $1; edit it, then run deploy/start.sh without an address." >&2
    exit 2
fi

docker compose up --detach --build --wait
echo "The portal runs. Make its first administrator: docker compose exec web deploy/entrypoint.sh enrol_administrator"
