#!/usr/bin/env bash
# Builds the program and copies the skill with its server, agents and guard to where an agent host finds it:
# ~/.claude/skills, or what the flags say (`scripts/install.sh --help`). Again is an upgrade.
set -euo pipefail
caller=$PWD
source "$(dirname "$0")/setup.sh"
node scripts/build.mjs
program=$PWD/dist/deploy-flow.mjs
cd "$caller" # a project's folder is meant from where the user stands
exec node "$program" install "$@"
