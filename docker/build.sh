#!/bin/bash
# What the Dockerfile's build stage does, in a Debian 12 or 13: installs what building takes, builds wssgate
# from the tree that this script is in, and makes ROOT, the whole root file system of the image.
#
#   docker/build.sh ROOT
set -euo pipefail
root_fs=${1:?the folder to make}
# shellcheck source=.ci/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/../.ci/setup.sh"

make_log_folder
mapfile -t packages < <(build_packages; echo ca-certificates)
ensure_packages "${packages[@]}"
build release -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS='-D_FORTIFY_SOURCE=2 -fstack-protector-strong' \
  -DCMAKE_EXE_LINKER_FLAGS='-Wl,-z,relro,-z,now' \
  -DWSSGATE_COMMIT="${COMMIT:-}" || die "The build failed."
"$root/docker/root-fs.sh" "$root/build/release/wssgate" "$root_fs"
