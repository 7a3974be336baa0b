#!/bin/sh
# wrk for `make bench`, from Debian's packages where this user may install them.
command -v wrk >/dev/null && exit 0
command -v apt-get >/dev/null || exit 0
if [ "$(id -u)" = 0 ]; then as_root=""; elif sudo -n true 2>/dev/null; then as_root="sudo -n"; else exit 0; fi
echo "Installing wrk for the benchmark…"
$as_root apt-get update -qq || exit 0
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq wrk >/dev/null || exit 0
