#!/bin/sh
# What a container of the portal does, by its first word; anything else is a command of manage.py.
#
#   prepare   bring the database up to date; once, before the others start
#   web       serve the site on port 8000
#   worker    run what is short: schedules, notices, watching over builds
#   builder   run builds
#   healthy   say by the exit status whether what runs here works
#
# Each ends within seconds when it is sent SIGTERM; a running build waits for the next builder then.
set -eu
cd "$(dirname "$0")/.."
role=${1:-web}
note=${TMPDIR:-/tmp}/portal-role # for `healthy`

case $role in
    prepare)
        python manage.py migrate --no-input
        python manage.py sync_schedules
        echo "Ready. The first administrator is made by: deploy/entrypoint.sh enrol_administrator"
        ;;
    web)
        echo web >"$note"
        exec python -m granian --interface wsgi --host "${WEB_HOST:-0.0.0.0}" --port "${WEB_PORT:-8000}" \
            --workers "${WEB_WORKERS:-2}" --blocking-threads "${WEB_THREADS:-4}" --respawn-failed-workers \
            --workers-kill-timeout 10 --log-config deploy/granian-log.json mageos_portal.wsgi:application
        ;;
    worker | builder)
        cluster=default
        [ "$role" = worker ] || cluster=builds
        echo "$cluster" >"$note"
        export Q_CLUSTER_NAME="$cluster"
        exec python manage.py qcluster
        ;;
    healthy)
        role=$(cat "$note")
        [ "$role" = web ] || exec python manage.py check_heartbeat "$role"
        exec python -c "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=8)" \
            "http://127.0.0.1:${WEB_PORT:-8000}/readyz"
        ;;
    *)
        exec python manage.py "$@"
        ;;
esac
