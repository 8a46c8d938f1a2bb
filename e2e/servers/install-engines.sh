#!/usr/bin/env bash
# Puts further engines beside the machine's own Redis, for tests of every engine: `bash e2e/servers/install-engines.sh [FOLDER]`.
# Each is unpacked from Debian's packages into a folder of its own, with the libraries it was built against; nothing is installed.
# An engine that cannot be had is named in a line and left out. FOLDER defaults to what find-engines.ts reads.
set -uo pipefail

folder=${1:-${MILLPOND_ENGINES:-${XDG_CACHE_HOME:-$HOME/.cache}/millpond/engines}}
# The mirror that this machine uses itself.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/?$' | head -1)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# name, suite, package, program: Debian keeps the server's binary in the package of the tools.
engines='
valkey-8.0 bookworm-backports valkey-tools valkey
valkey-8.1 trixie valkey-tools valkey
redis-8.0 trixie redis-tools redis
valkey-9.1 forky valkey-tools valkey
redis-6.0 bullseye redis-tools redis
'

# apt with lists and state of its own, so that the machine's stay as they are. $1 is the suite.
with_suite() {
  local root=$work/$1
  shift
  "$1" -q -o Dir::State::lists="$root/lists" -o Dir::State::status=/dev/null -o Dir::Cache="$root/cache" \
    -o Dir::Etc::sourcelist="$root/sources.list" -o Dir::Etc::sourceparts=/dev/null -o APT::Sandbox::User=root \
    -o APT::Default-Release= "${@:2}"
}

read_lists() {
  local suite=$1 base=${1%-backports}
  [ -e "$work/$suite/sources.list" ] && return 0
  mkdir -p "$work/$suite"/{lists/partial,cache/archives/partial,packages}
  printf "deb [signed-by=$keyring] $mirror %s main\n" "$suite" "$base" | sort -u >"$work/$suite/sources.list"
  with_suite "$suite" apt-get update >"$work/$suite/log" 2>&1
}

# The package, and of what it depends on only the libraries.
list_packages() {
  with_suite "$1" apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
    --no-enhances "$2" | grep -E '^(lib|lua)[a-z0-9.+-]*$' | sort -u
}

install_engine() {
  local name=$1 suite=$2 package=$3 program=$4 target=$folder/$1
  [ -x "$target/$program-server" ] && return 0
  read_lists "$suite" || return 1
  local packages
  mapfile -t packages < <(list_packages "$suite" "$package")
  local unpacked=$work/$suite/$name
  mkdir -p "$unpacked"
  (cd "$work/$suite/packages" && with_suite "$suite" apt-get download "$package/$suite" "${packages[@]}" >>../log 2>&1) || return 1
  for file in "$work/$suite/packages"/*.deb; do dpkg -x "$file" "$unpacked" || return 1; done
  rm -rf "$work/$suite/packages" "$unpacked"/usr/share "$unpacked"/usr/lib/*/{gconv,perl*}
  mkdir "$work/$suite/packages"
  ln -sf "$program-check-rdb" "$unpacked/usr/bin/$program-server"
  write_starter "$unpacked" "$program" server
  write_starter "$unpacked" "$program" cli
  "$unpacked/$program-server" --version >/dev/null || return 1
  mkdir -p "$folder" && rm -rf "$target" && mv "$unpacked" "$target"
}

# Starts the program with the loader and the libraries of its own folder, wherever that is moved to.
write_starter() {
  cat >"$1/$2-$3" <<STARTER
#!/bin/sh
here=\$(dirname "\$(readlink -f "\$0")")
libraries=\$(echo "\$here"/lib/*-linux-gnu "\$here"/usr/lib/*-linux-gnu | tr ' ' ':')
for loader in "\$here"/lib/*-linux-gnu/ld-linux*.so* "\$here"/usr/lib/*-linux-gnu/ld-linux*.so*; do
  [ -e "\$loader" ] && exec "\$loader" --library-path "\$libraries" "\$here/usr/bin/$2-$3" "\$@"
done
STARTER
  chmod +x "$1/$2-$3"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
while read -r name suite package program; do
  [ -n "$name" ] || continue
  install_engine "$name" "$suite" "$package" "$program" && echo "$name is in $folder/$name" || {
    echo "$name could not be had from Debian ($suite):"
    tail -3 "$work/$suite/log" 2>/dev/null
  }
done <<<"$engines"
