#!/bin/sh
# Makes rules.yaml of Prometheus' own rule files. Run it when they have changed; a test says when that is due.
cd "$(dirname "$0")" || exit 1
{
    printf '# Made by update-rules.sh of deploy/observability/prometheus/rules.\n'
    separator=''
    for file in ../../../observability/prometheus/rules/*.yml; do
        printf '%sapiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: collm-%s\n  labels:\n    app.kubernetes.io/part-of: collm\nspec:\n' \
            "$separator" "$(basename "$file" .yml)"
        sed 's/^\(.\)/  \1/' "$file"
        separator="---
"
    done
} > rules.yaml
