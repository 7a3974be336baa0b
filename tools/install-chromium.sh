#!/bin/sh
# The browser tests' Chromium, from Debian's packages where this user may install them: the one without
# windows, which costs the machine half. A developer's own browser will do.
# Where there is none the tests say so themselves (they skip; under CI=true they fail).
command -v chromium-headless-shell >/dev/null && exit 0
if [ "$CI" != true ]; then
  for browser in chromium chromium-browser google-chrome; do
    command -v "$browser" >/dev/null && exit 0
  done
fi
command -v apt-get >/dev/null || exit 0
if [ "$(id -u)" = 0 ]; then as_root=""; elif sudo -n true 2>/dev/null; then as_root="sudo -n"; else exit 0; fi
echo "Installing Chromium for the browser tests…"
$as_root apt-get update -qq || exit 0
for browser in chromium-headless-shell chromium; do
  $as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq "$browser" fonts-noto-color-emoji >/dev/null && exit 0
done
exit 0
