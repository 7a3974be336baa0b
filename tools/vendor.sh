#!/bin/sh
# htmx and Telegram's script, from their npm packages, with licence and checksum beside them.
set -eu
here=$(cd "$(dirname "$0")/../static/vendor" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent htmx.org@4.0.1 @twa-dev/sdk@8.0.2 > /dev/null
mkdir htmx telegram
tar xzf htmx.org-4.0.1.tgz -C htmx --strip-components 1
tar xzf twa-dev-sdk-8.0.2.tgz -C telegram --strip-components 1
cp htmx/dist/htmx.min.js "$here/htmx.min.js"
cp htmx/dist/ext/hx-ptag.min.js "$here/hx-ptag.min.js"
cp htmx/LICENSE "$here/htmx.LICENSE"
cp telegram/src/telegram-web-apps.js "$here/telegram-web-app.js"
cp telegram/LICENSE "$here/telegram-web-app.LICENSE"
cd "$here"
sha256sum --check SHA256SUMS
