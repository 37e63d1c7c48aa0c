#!/bin/bash
# The sale inside Node, by koffi of npm, and Node's own OpenSSL and SQLite beside it. koffi is installed into the
# build folder, once for each lock file; after that no network is needed.
. "$SOURCE/tests/hosts/guest/host.sh"
command -v node >/dev/null && command -v npm >/dev/null || skip "no node or npm; packaging/install-deps test installs them"

modules=$BUILD/hosts-node
if ! cmp -s "$here/node/package-lock.json" "$modules/installed"; then
    mkdir -p "$modules" && rm -f "$modules/installed" || fail "cannot write to $modules"
    cp "$here/node/package.json" "$here/node/package-lock.json" "$modules"
    npm ci --prefix "$modules" --ignore-scripts --no-audit --no-fund >npm.txt 2>&1 ||
        fail "npm ci cannot install koffi into $modules; is there a network? $(grep -m 1 -iE 'npm err(or|!)' npm.txt)"
    cp "$here/node/package-lock.json" "$modules/installed"
fi
export NODE_PATH=$modules/node_modules NODE_NO_WARNINGS=1

for program in sale own; do
    rm -rf shop coffee.json own.db*
    host_shop
    host_sale "node $program.js" node "$here/node/$program.js" "$PLUGIN" shop "$coupon"
done
echo "sold in: node $(node --version)"
