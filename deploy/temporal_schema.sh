#!/bin/sh
# Makes Temporal's two databases and brings their schemas up to date; safe to run again.
set -eu

tool() {
    database=$1
    shift
    temporal-sql-tool --plugin postgres12 --ep "$SQL_HOST" -p 5432 -u "$SQL_USER" \
        --db "$database" "$@"
}

for kind in temporal visibility; do
    case $kind in
        temporal) name=temporal ;;
        visibility) name=temporal_visibility ;;
    esac
    tool "$name" create
    tool "$name" setup-schema -v 0.0
    tool "$name" update-schema -d "/etc/temporal/schema/postgresql/v12/$kind/versioned"
done
