// Writes docs/tokens.md: what each text costs a model that reads it, in o200k tokens. With --check it fails when the page
// is not what the texts say. With --runs it plays whole deployments first and counts what is read in them.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { importTs, ROOT } from "./bundle.mjs";

const page = join(ROOT, "docs/tokens.md");
/** The same flow as prose for agents, read at every use. */
const AS_PROSE = 13_163;
/** Agents that the prose has launched in every run. */
const LAUNCHED_BY_PROSE = 27;

if (process.argv.includes("--runs")) {
  const env = { ...process.env, DEPLOY_FLOW_TOKENS: "write" };
  execFileSync("npx", ["--no-install", "vitest", "run", "test/e2e/tokens.test.ts"], {
    cwd: ROOT,
    stdio: "inherit",
    env,
  });
}
const runs = JSON.parse(readFileSync(join(ROOT, "scripts/token-runs.json"), "utf8"));

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

function figure(number) {
  return number.toLocaleString("en");
}

function runRows() {
  return runs
    .map((run) => [
      `\`${run.depth}\`, ${run.outcome}`,
      figure(run.calls),
      figure(run.conversation),
      figure(run.conversationAsText),
      figure(run.agents),
      figure(run.inAgents),
    ])
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

function pageOf(listed, instructions) {
  const tools = listed.map(({ name, text }) => [`tool \`${name}\``, encode(text).length, "in the list of tools"]);
  const list = encode(JSON.stringify(listed.map(({ text }) => JSON.parse(text)))).length;
  const skill = tokensOf("skill/SKILL.md");
  const references = filesOf("skill/references").map((path) => [`\`${path}\``, tokensOf(path), "when it is needed"]);
  const agents = filesOf("skill/agents").map((path) => [`\`${path}\``, tokensOf(path), "in that agent only"]);
  const quiet = Math.max(...runs.map(({ quietLook }) => quietLook));
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

## Whole deployments

Played against the demonstration's shop with four canary stages, the skill followed to the letter: the skill, the
instructions and every result that the conversation reads, and what its agents read in their own windows. Files that an agent
opens by itself are not in it.

| depth, outcome | calls | conversation, results as data | as text | agents | in all agents |
|---|---|---|---|---|---|
${runRows()}

Calls wait for news up to 50 seconds; one that brings none is up to ${figure(quiet)} tokens. A watch of an hour has about seventy of them,
${figure(70 * quiet)} tokens, more than all the rest; looking less often is as safe, since the runner watches by itself.

The prose is ${figure(AS_PROSE)} tokens before anything is done, in every request of the conversation, and has ${LAUNCHED_BY_PROSE} agents launched in a run,
to each of which the conversation writes a prompt; what they answer, and read, comes on top.

## References

| text | tokens | read |
|---|---|---|
${rows(references)}

## Tools

| text | tokens | read |
|---|---|---|
${rows(tools)}

## Agents

None is launched at depth minimal; the table above has the others.

| text | tokens | read |
|---|---|---|
${rows(agents)}

## Briefs

| text | tokens | read |
|---|---|---|
${rows(briefs)}
`;
}
