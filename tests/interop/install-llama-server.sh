#!/usr/bin/env bash
# Fetches llama.cpp's own server from Debian's unstable suite, with the libraries it was built against, into one folder, and prints
# the program to run. Nothing is installed on the machine and nothing of it is changed; apt checks Debian's signatures.
#   LLAMA_SERVER_PROGRAM=$(tests/interop/install-llama-server.sh FOLDER)
set -euo pipefail
folder=$(realpath -m "${1:?a folder to put it in}")
mkdir -p "$folder"/{state/lists/partial,cache/archives/partial,root}
: > "$folder/state/status"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' | grep '/debian/$' | head -1)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" > "$folder/sources.list"
cat > "$folder/apt.conf" <<CONF
Dir::State "$folder/state";
Dir::State::status "$folder/state/status";
Dir::Cache "$folder/cache";
Dir::Etc::sourcelist "$folder/sources.list";
Dir::Etc::sourceparts "-";
CONF
export APT_CONFIG="$folder/apt.conf"
apt-get update -q >&2
apt-get install -q -y --no-install-recommends --download-only llama.cpp-tools >&2
for package in "$folder"/cache/archives/*.deb; do
  dpkg-deb -x "$package" "$folder/root"
done

# The server looks for its kernels where Debian installs them; here they are named. This one runs on every x86-64 processor.
cat > "$folder/llama-server" <<RUN
#!/bin/sh
libraries=$folder/root/usr/lib/x86_64-linux-gnu
export GGML_BACKEND_PATH=\$libraries/ggml/backends0/libggml-cpu-x64.so
exec "\$libraries/ld-linux-x86-64.so.2" --library-path "\$libraries:\$libraries/llama:\$libraries/ggml/backends0" $folder/root/usr/bin/llama-server "\$@"
RUN
chmod +x "$folder/llama-server"
echo "$folder/llama-server"
