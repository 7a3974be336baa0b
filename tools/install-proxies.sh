#!/bin/sh
# nginx and Caddy for the tests of deploy/: Debian's packages, unpacked into var/proxies. They are not
# installed, because their packages start servers on the machine's ports 80 and 443.
# Where there are none the tests say so themselves (they skip; under CI=true they fail).
cd "$(dirname "$0")/.." || exit 0
find_program() { PATH="$PATH:/usr/sbin:/sbin:var/proxies/usr/sbin:var/proxies/usr/bin" command -v "$1" >/dev/null; }
find_program nginx && find_program caddy && exit 0
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || exit 0
if [ "$(id -u)" = 0 ]; then as_root=""; else as_root="sudo -n"; fi
mkdir -p var/proxies/packages && cd var/proxies/packages || exit 0
echo "Fetching nginx and Caddy for the tests of deploy/…"
apt-get download -qq nginx caddy 2>/dev/null ||
  { $as_root apt-get update -qq 2>/dev/null && apt-get download -qq nginx caddy 2>/dev/null; }
for package in *.deb; do
  test -e "$package" && dpkg-deb -x "$package" ..
done
exit 0
