// Usage: node secrets.mjs FOLDER. Ends with 1 when a file looks as if it held a secret; a real scanner knows more shapes.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const [folder] = process.argv.slice(2);
const SECRET = /-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_\w{20,}/;
const files = readdirSync(folder, { recursive: true }).map((name) => join(folder, name));
const found = files.filter((file) => statSync(file).isFile() && SECRET.test(readFileSync(file, "utf8")));
for (const file of found) console.error(`${file} looks as if it held a secret`);
process.exitCode = found.length === 0 && files.length > 0 ? 0 : 1;
