// Usage: node tell.mjs KIND OUTCOME. Gets the message as JSON on its standard input; yours would send it to a chat.
import { appendFileSync, readFileSync } from "node:fs";

const [kind, outcome] = process.argv.slice(2);
appendFileSync("messages.jsonl", `${JSON.stringify({ kind, outcome, message: JSON.parse(readFileSync(0, "utf8")) })}\n`);
