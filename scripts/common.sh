# What the scripts share. Source it from a script that has done `set -euo pipefail`.
# Sets root (the repository) and dry_run (0 or 1, by --dry-run).
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
packages_file=$root/packaging/apt-packages.txt
dry_run=0

# say TEXT: one line about what happens next. Progress goes to stderr, results to stdout.
say() { printf '== %s\n' "$*" >&2; }

# die TEXT: the one thing that is missing or wrong.
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# run COMMAND...: runs it, or with --dry-run prints it.
run() {
  if ((dry_run)); then
    printf '%s\n' "$*"
  else
    "$@"
  fi
}

# usage: prints the comment at the top of the calling script.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

# packages_for PURPOSE...: the packages listed for these purposes, one a line.
packages_for() {
  local purpose
  for purpose in "$@"; do
    awk -v purpose="$purpose" '$1 == purpose { print $2 }' "$packages_file"
  done
}

# installed PACKAGE: whether dpkg has it.
installed() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# install_packages PURPOSE...: installs what is missing of them, and asks for nothing otherwise.
install_packages() {
  local missing=() package as_root=()
  if ! command -v dpkg-query >/dev/null; then
    say "No dpkg here: install what $packages_file lists by your own means"
    return
  fi
  for package in $(packages_for "$@"); do
    installed "$package" || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then
    say "Packages: all there"
    return
  fi
  say "Installing ${#missing[@]} packages: ${missing[*]}"
  if ((EUID != 0)); then
    command -v sudo >/dev/null || ((dry_run)) ||
      die "no root and no sudo: ask for these packages to be installed: ${missing[*]}"
    as_root=(sudo)
  fi
  run "${as_root[@]}" apt-get -q -o DPkg::Lock::Timeout=120 update
  run "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y -o DPkg::Lock::Timeout=120 install --no-install-recommends "${missing[@]}"
}

# build_preset PRESET [CMAKE-OPTION...] [-- BUILD-OPTION...]: configures and builds a preset.
build_preset() {
  local preset=$1 configure=() build=()
  shift
  while (($#)) && [[ $1 != -- ]]; do
    configure+=("$1")
    shift
  done
  (($#)) && build=("${@:2}")
  say "Building $preset in build/$preset"
  run cmake --preset "$preset" --log-level=WARNING "${configure[@]}"
  run cmake --build --preset "$preset" "${build[@]}"
}
