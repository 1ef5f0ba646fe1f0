#!/bin/bash
# Installs what the peers in other languages need and builds them. Does nothing where everything is in place.
set -euo pipefail
cd "$(dirname "$0")"

packages=(python3-grpcio python3-protobuf protobuf-compiler protobuf-compiler-grpc
          golang-go golang-google-grpc-dev golang-goprotobuf-dev
          chromium    # the playground page is tested in a real browser
          libonig5)   # the regular expressions of tokenizer files, for tests of our own
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    as_root=$([ "$(id -u)" = 0 ] || echo sudo)
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

# Rebuilt when a source is newer than what was made of it.
stale() { [ ! -e "$1" ] || [ -n "$(find "${@:2}" -newer "$1" -print -quit)" ]; }

if stale node/node_modules/.installed node/package-lock.json; then
    (cd node && npm ci --no-audit --no-fund --loglevel=error && touch node_modules/.installed)
fi

if stale python/obj/interop_pb2.py protos; then
    mkdir -p python/obj
    protoc -I protos --python_out=python/obj --grpc_python_out=python/obj \
        --plugin=protoc-gen-grpc_python="$(command -v grpc_python_plugin)" protos/*.proto
fi

if stale go/bin/peer protos go/peer; then
    contract=go/obj/src/collm/interop/contract
    mkdir -p "$contract" go/bin
    protoc -I protos --go_out=plugins=grpc,paths=source_relative:"$contract" protos/*.proto
    (cd go/peer && GO111MODULE=off GOFLAGS= GOPATH="$(cd ../obj && pwd):/usr/share/gocode" go build -o ../bin/peer .)
fi
