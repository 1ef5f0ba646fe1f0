#!/bin/bash
# Installs what judges the files under deploy/: promtool, docker compose, kubectl, and schemas from npm. Does nothing where everything is in place.
set -euo pipefail
cd "$(dirname "$0")"

as_root=$([ "$(id -u)" = 0 ] || echo sudo)
if ! command -v promtool > /dev/null; then
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends prometheus
fi

# Debian bookworm has only compose 1 and a kubectl without components; trixie's packages are unpacked here, with an apt of its own so that the
# system's stays as it is.
tools=../../artifacts/validators
wanted=()
[ -x $tools/docker-compose ] || wanted+=(docker-compose)
[ -x $tools/kubectl ] || kubectl version --client 2> /dev/null | grep -q 'Kustomize Version: v5' || wanted+=(kubectl)
if [ ${#wanted[@]} -gt 0 ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$work"/{sources,lists/partial,cache/archives/partial} $tools
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' | grep '/debian/$' | head -1)
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" > "$work/sources/trixie.list"
    apt=(apt-get -qq -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$work/sources" -o "Dir::State::Lists=$work/lists"
         -o "Dir::Cache=$work/cache" -o Dir::State::status=/dev/null -o APT::Sandbox::User="$(id -un)")
    "${apt[@]}" update
    (cd "$work" && "${apt[@]}" download "${wanted[@]}" && for package in ./*.deb; do dpkg-deb -x "$package" unpacked; done)
    for tool in "${wanted[@]}"; do
        install -m 755 "$(find "$work/unpacked/usr/bin" "$work/unpacked/usr/libexec" -type f -name "$tool" 2> /dev/null | head -1)" "$tools/$tool"
    done
fi

if [ ! -e validators/node_modules/.installed ] || [ validators/package-lock.json -nt validators/node_modules/.installed ]; then
    (cd validators && npm ci --no-audit --no-fund --loglevel=error && touch node_modules/.installed)
fi
