#!/usr/bin/env bash
# Deploys three versions of a small shop under live load: one succeeds, one is blocked at staging, one is rolled back
# from the canary. Does all the set-up on a fresh clone.
set -euo pipefail
source "$(dirname "$0")/setup.sh"
[ -f dist/deploy-flow.mjs ] && [ -z "$(find mcp-server templates package.json -newer dist/deploy-flow.mjs -print -quit)" ] || node scripts/build.mjs
exec node dist/deploy-flow.mjs demo "$@"
