#!/bin/bash
# Installs what judges the files under deploy/: promtool, docker compose, and Grafana's schema. Does nothing where everything is in place.
set -euo pipefail
cd "$(dirname "$0")"

as_root=$([ "$(id -u)" = 0 ] || echo sudo)
if ! command -v promtool > /dev/null; then
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends prometheus
fi

# Debian bookworm has only compose 1; the package of trixie is unpacked here, with an apt of its own so that the system's stays as it is.
compose=../../artifacts/validators/docker-compose
if [ ! -x "$compose" ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$work"/{sources,lists/partial,cache/archives/partial} "$(dirname "$compose")"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main" > "$work/sources/trixie.list"
    apt=(apt-get -qq -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$work/sources" -o "Dir::State::Lists=$work/lists"
         -o "Dir::Cache=$work/cache" -o APT::Sandbox::User="$(id -un)")
    "${apt[@]}" update
    (cd "$work" && "${apt[@]}" download docker-compose && dpkg-deb -x docker-compose_*.deb unpacked)
    install -m 755 "$work/unpacked/usr/libexec/docker/cli-plugins/docker-compose" "$compose"
fi

if [ ! -e validators/node_modules/.installed ] || [ validators/package-lock.json -nt validators/node_modules/.installed ]; then
    (cd validators && npm ci --no-audit --no-fund --loglevel=error && touch node_modules/.installed)
fi
