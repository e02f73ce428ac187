#!/bin/sh
# Installs what the tests need: Node 20 or newer, its packages, Chromium, and a C compiler for the race detector.
#
# As root on a system with apt it installs what is missing. Otherwise it says what is missing and which tests are left
# out without it; with CI=true or WEIR_REQUIRE_ALL=1 that is a failure, as nothing is skipped there.
set -eu
cd "$(dirname "$0")"

strict=
if [ "${CI:-}" = true ] || [ -n "${WEIR_REQUIRE_ALL:-}" ]; then strict=yes; fi
failed=

# missing WHAT TESTS: says so, and remembers it if nothing may be missing.
missing() {
	echo "setup: no $1: left out are $2" >&2
	if [ -n "$strict" ]; then failed=yes; fi
}

has() { command -v "$1" >/dev/null 2>&1; }

# install PACKAGE...: with apt, if we may.
updated=
install() {
	if [ "$(id -u)" != 0 ] || ! has apt-get; then return 1; fi
	if [ -z "$updated" ]; then
		apt-get -q update
		updated=yes
	fi
	DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "$@"
}

has node && has npm || install nodejs npm || true
if ! has node || ! has npm; then
	missing "node and npm" "js and browser"
elif ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; then
	missing "node 20 or newer ($(node --version))" "js and browser"
elif ! npm ci --no-audit --no-fund --loglevel=error; then
	missing "npm packages" "js and browser"
fi

if ! has gcc && ! has cc; then
	install gcc libc6-dev || true
	if ! has gcc; then missing "C compiler" "all with the race detector"; fi
fi

if ! has chromium && ! has chromium-browser && ! has google-chrome; then
	install chromium || true
	if ! has chromium; then missing chromium browser; fi
fi

[ -z "$failed" ]
