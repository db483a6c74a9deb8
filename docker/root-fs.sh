#!/bin/bash
# Makes the root file system of the image: the program, the libraries that it loads, the roots that
# Debian trusts, a user, and nothing else. There is no shell in it and no package manager, so there is
# nothing to break into a shell with, and little that ever needs an update.
#
#   docker/root-fs.sh PROGRAM ROOT
set -euo pipefail
program=${1:?the wssgate to take} to=${2:?the folder to make}
user=10001

mkdir -p "$to"/{dev,proc,sys,etc/ssl,etc/wssgate,tmp,usr/bin,usr/lib/ssl,usr/share/doc,var/lib/dpkg/status.d}
# As Debian has them: the libraries' own paths begin with /lib.
for folder in bin lib lib64; do ln -s "usr/$folder" "$to/$folder"; done
install --strip "$program" "$to/usr/bin/wssgate"

mapfile -t libraries < <(ldd "$program" | grep -o '/[^ ]*')
for library in "${libraries[@]}"; do
  file=$(realpath "$library")
  install -D "$file" "$to/usr/${library#/usr/}" 2>/dev/null || install -D "$file" "$to$library"
done

cp -rL /etc/ssl/certs "$to/etc/ssl/"
ln -s /etc/ssl/certs "$to/usr/lib/ssl/certs"
ln -s /etc/ssl/certs/ca-certificates.crt "$to/usr/lib/ssl/cert.pem"

# What scanners for known weaknesses read, and what licences ask for.
mapfile -t packages < <(
  for library in "${libraries[@]}"; do realpath "$library"; done | xargs dpkg-query -S | cut -d: -f1 | sort -u
  echo ca-certificates
)
for package in "${packages[@]}"; do
  dpkg-query -s "$package" >"$to/var/lib/dpkg/status.d/$package"
  install -D "/usr/share/doc/$package/copyright" "$to/usr/share/doc/$package/copyright"
done
cp /etc/os-release "$to/etc/os-release"

echo "wssgate:x:$user:$user:wssgate:/:/nonexistent" >"$to/etc/passwd"
echo "wssgate:x:$user:" >"$to/etc/group"
chmod 1777 "$to/tmp"
install -d -m 0700 -o $user -g $user "$to/run/wssgate" "$to/var/cache/wssgate"
du -sh "$to"
