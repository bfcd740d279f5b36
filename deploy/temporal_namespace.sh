#!/bin/sh
# Makes the namespace where it is missing; safe to run again. The worker registers search attributes.
set -eu

tries=0
until temporal operator cluster health; do
    tries=$((tries + 1))
    if [ "$tries" -ge 30 ]; then
        echo "Temporal at $TEMPORAL_ADDRESS does not serve: see its log" >&2
        exit 1
    fi
    sleep 2
done

if ! temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
    temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
fi
