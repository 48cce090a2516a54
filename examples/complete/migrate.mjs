// Usage: node migrate.mjs MIGRATION ENV. Stands for a schema tool: what is applied already is left alone.
import { appendFileSync, existsSync, readFileSync } from "node:fs";

const [migration, env] = process.argv.slice(2);
const file = `schema-${env}.txt`;
const applied = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
if (!applied.includes(migration)) appendFileSync(file, `${migration}\n`);
