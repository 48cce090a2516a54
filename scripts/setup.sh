# Sourced by the other scripts: everything a fresh clone needs before it can run. Needs bash, Node >= 20.19 and npm.
cd "$(dirname "${BASH_SOURCE[0]}")/.."

node -e '
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`deploy-flow needs Node.js >= 20.19, found ${process.versions.node}; next: install a newer Node.js`);
  process.exit(64);
}'

# Installs only when the lockfile changed since the last install.
lock_hash=$(node -e 'console.log(require("node:crypto").createHash("sha256").update(require("node:fs").readFileSync("package-lock.json")).digest("hex"))')
if [ "$(cat node_modules/.installed-lock 2>/dev/null || true)" != "$lock_hash" ]; then
  echo "installing dependencies ..." >&2
  npm ci --no-audit --no-fund --loglevel=error >&2
  echo "$lock_hash" > node_modules/.installed-lock
fi
