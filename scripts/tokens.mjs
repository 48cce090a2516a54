// Writes docs/tokens.md: what each text costs a model that reads it, in o200k tokens. With --check it fails when the page
// is not what the texts say.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { importTs, ROOT } from "./bundle.mjs";

const page = join(ROOT, "docs/tokens.md");
/** The same flow as prose for agents, read at every use. */
const AS_PROSE = 13_163;

const { LISTED, INSTRUCTIONS } = await importTs(join(ROOT, "scripts/token-list.ts"));
const text = pageOf(LISTED, INSTRUCTIONS);
if (!process.argv.includes("--check")) writeFileSync(page, text);
else if (readFileSync(page, "utf8") !== text) {
  console.error("docs/tokens.md is not what the texts say; next: npm run tokens");
  process.exitCode = 1;
}

function tokensOf(path) {
  return encode(readFileSync(join(ROOT, path), "utf8")).length;
}

function filesOf(folder) {
  return readdirSync(join(ROOT, folder))
    .sort()
    .map((file) => `${folder}/${file}`);
}

function rows(entries) {
  return entries.map(([name, tokens, when]) => `| ${name} | ${tokens.toLocaleString("en")} | ${when} |`).join("\n");
}

function pageOf(listed, instructions) {
  const tools = listed.map(({ name, text }) => [`tool \`${name}\``, encode(text).length, "in the list of tools"]);
  const list = encode(JSON.stringify(listed.map(({ text }) => JSON.parse(text)))).length;
  const skill = tokensOf("skill/SKILL.md");
  const references = filesOf("skill/references").map((path) => [`\`${path}\``, tokensOf(path), "when it is needed"]);
  const agents = filesOf("skill/agents").map((path) => [`\`${path}\``, tokensOf(path), "in that agent only"]);
  const frame = tokensOf("templates/briefs/frame.hbs");
  const briefs = filesOf("templates/briefs")
    .filter((path) => !path.endsWith("frame.hbs"))
    .map((path) => [`\`${path}\``, tokensOf(path) + frame, "once, with the facts of the run on top"]);
  return `# What it costs a model to read

Counted with the o200k tokens by \`npm run tokens\`; other models count 10 to 35 % more. A test holds the budgets and this
page. The flow as prose for agents, which was read whole at every use, is ${AS_PROSE.toLocaleString("en")} tokens; this skill is ${skill.toLocaleString("en")}.

| text | tokens | read |
|---|---|---|
${rows([
  ["`skill/SKILL.md`", skill, "when a deployment is asked for"],
  ["instructions of the server", encode(instructions).length, "always"],
  ["the list of tools, whole", list, "where a host loads all tools; Claude Code shows names until one is needed"],
])}

## References

| text | tokens | read |
|---|---|---|
${rows(references)}

## Tools

| text | tokens | read |
|---|---|---|
${rows(tools)}

## Agents

Two to seven are launched at depth standard, none at depth minimal.

| text | tokens | read |
|---|---|---|
${rows(agents)}

## Briefs

| text | tokens | read |
|---|---|---|
${rows(briefs)}
`;
}
