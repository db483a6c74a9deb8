# What ./run and ./test share: the packages, and how a step is run and reported. Sourced, never run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
logs=$root/build/logs

say() { printf '%s\n' "$*"; }

die() {
  printf '%s\n' "$*" >&2
  exit 1
}

# Package lists, one name a line. First what the release build needs on this Debian.
build_packages() {
  printf '%s\n' g++ cmake ninja-build pkg-config libasio-dev libssl-dev libyaml-cpp-dev \
    libfmt-dev libcli11-dev nlohmann-json3-dev prometheus-cpp-dev
  # Debian 12 has Node's HTTP parser as C sources, Debian 13 as a library.
  if [[ $(debian_release) == 12 ]]; then echo node-llhttp; else echo libllhttp-dev; fi
}

# What any test leg needs besides.
test_packages() { printf '%s\n' libgtest-dev libgmock-dev ccache curl openssl python3; }

# What WSSGATE_BENCH needs besides. The proxies to compare with are not in here: Debian starts them as
# soon as they are installed.
bench_packages() { printf '%s\n' libbenchmark-dev; }

# clang, its sanitizers' run-time library (a package of its own), and the symbolizer that puts
# names into their reports.
clang_packages() {
  printf '%s\n' clang llvm
  if [[ $(debian_release) == 12 ]]; then echo libclang-rt-14-dev; else echo libclang-rt-19-dev; fi
}

# The programs that wssgate is tried with and that were not written here. The tests of `wssgate doctor` and of
# `wssgate import-nginx` use nginx and HAProxy too, and that of syslog uses rsyslogd, and leave out what needs them
# where they are not installed: as above, Debian would start them.
peer_packages() {
  printf '%s\n' python3-websockets python3-jsonschema python3-yaml chromium libnss3-tools ca-certificates logrotate
  # Node often comes from elsewhere, with npm inside: only what is not there at all.
  command -v node >/dev/null || echo nodejs
  command -v npm >/dev/null || echo npm
}

style_packages() { printf '%s\n' clang-format clang-tidy shellcheck; }

debian_release() {
  (
    # shellcheck source=/dev/null
    [[ -r /etc/os-release ]] && . /etc/os-release
    [[ ${ID:-} == debian ]] && echo "${VERSION_ID:-}"
  ) || true
}

# Prints those of the given packages that are not installed.
missing_packages() {
  local package
  for package in "$@"; do
    # shellcheck disable=SC2016  # the format is dpkg-query's, not the shell's
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
      echo "$package"
  done
}

# Installs those of the given packages that are missing; stops with the command to run where that
# needs somebody else.
ensure_packages() {
  local release missing as_root=()
  release=$(debian_release)
  if [[ $release != 12 && $release != 13 ]]; then
    say "This is not Debian 12 or 13: nothing is installed here. Needed, by Debian's names: $*"
    return
  fi
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} > 0)) || return 0

  local install=(apt-get install -y --no-install-recommends "${missing[@]}")
  if ((EUID == 0)); then
    say "Installing what is missing with apt-get: ${missing[*]}"
  elif command -v sudo >/dev/null; then
    say "Installing what is missing with sudo apt-get (it may ask for your password): ${missing[*]}"
    as_root=(sudo)
  else
    die "These packages are missing, and installing them takes root. Run this as root, then again $0:
  apt-get update && ${install[*]}"
  fi
  # A package source of yours that fails to refresh need not stop us: the installation decides.
  logged packages "${as_root[@]}" apt-get update || true
  logged packages-install "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}" ||
    die "apt-get could not install them; $(shown packages packages-install)"
}

# Proxies and other daemons that some peers tests start by themselves. Debian starts them as services too, which nobody
# wants on their own machine: only CI installs them, and without them those tests are skipped.
try_peer_proxies() {
  local missing
  mapfile -t missing < <(missing_packages nginx libnginx-mod-stream haproxy prometheus rsyslog)
  ((${#missing[@]} > 0 && EUID == 0)) || return 0
  logged packages-proxies env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    "${missing[@]}" || say "apt-get could not install ${missing[*]}: tests with them are skipped"
}

# logged NAME COMMAND…: runs the command with its output in build/logs/NAME.log.
logged() {
  local name=$1
  shift
  "$@" >"$logs/$name.log" 2>&1
}

# What to say and show of the logs of a step that failed.
shown() {
  local name
  echo "its output:"
  for name in "$@"; do
    tail -n 200 "$logs/$name.log"
    echo "(the whole of it: $logs/$name.log)"
  done
}

make_log_folder() {
  mkdir -p "$logs" 2>/dev/null || true
  [[ -w $logs ]] || die "Cannot write to $logs: run $0 as the user who owns it, or remove $root/build."
}

# A command and its options to start builds and tests with.
prefix=()

# build PRESET [CMAKE OPTION…]: configures and builds build/PRESET; the logs are PRESET-configure
# and PRESET-build.
build() {
  local preset=$1 launcher=
  shift
  # ccache fails outright where it cannot keep its cache.
  if command -v ccache >/dev/null && mkdir -p "$(ccache --get-config cache_dir)" 2>/dev/null; then
    launcher=ccache
    export CCACHE_SLOPPINESS=pch_defines,time_macros  # else it leaves out what has precompiled headers
  fi
  logged "$preset-configure" "${prefix[@]}" cmake -S "$root" --preset "$preset" \
    -DCMAKE_C_COMPILER_LAUNCHER="$launcher" -DCMAKE_CXX_COMPILER_LAUNCHER="$launcher" "$@" || {
    shown "$preset-configure" >&2
    return 1
  }
  logged "$preset-build" "${prefix[@]}" cmake --build "$root/build/$preset" --parallel "$(nproc)" || {
    shown "$preset-build" >&2
    return 1
  }
}
