import type { Command } from "./command.ts";
import { type Flag, flagsOf } from "./flags.ts";

const GLOBAL = [
  ["--project DIR", "project folder; default: the nearest one upwards with deploy.yaml"],
  ["--format json|text", "json: the result as data, errors too"],
  ["--help", "this text"],
] as const;

const EXITS =
  "Exit codes: 0 pass or success; checks: 1 FAIL, 2 INCONCLUSIVE; runs: 10 BLOCKED, 11 ABORTED, 12 awaiting a decision,\n" +
  "13 UNPROVEN, 20 ROLLED_BACK, 30 ROLLBACK_FAILED; 64 usage, 65 unreadable input, 70 internal, 130 interrupted.";

/** Help of one command, made from its input schema. */
export function commandHelp(command: Command): string {
  const flags = flagsOf(command.input);
  const words = command.positionals.map((key) => {
    const flag = flags.find((known) => known.key === key);
    const shown = `${wordOf(key)}${flag?.kind === "list" ? "..." : ""}`;
    return flag?.required ? shown : `[${shown}]`;
  });
  const rows: [string, string][] = flags.map((flag) => [usageOf(flag), describe(flag)]);
  return [
    `deploy-flow ${[command.name, ...words].join(" ")}${flags.length > 0 ? " [flags]" : ""}`,
    "",
    command.summary,
    "",
    ...table([...rows, ...GLOBAL.map(([a, b]): [string, string] => [a, b])]),
    "",
    EXITS,
    "",
  ].join("\n");
}

/** Help of the whole program. */
export function overallHelp(
  groups: readonly { title: string; commands: readonly Command[] }[],
  version: string,
): string {
  return [
    `deploy-flow ${version}: deployments through gates that are computed from evidence`,
    "",
    "Usage: deploy-flow COMMAND [arguments]",
    ...groups.flatMap(({ title, commands }) => [
      "",
      `${title}:`,
      ...table(
        commands
          .filter((command) => !command.hidden)
          .map((command) => [command.name, command.title ?? firstSentence(command.summary)]),
      ),
    ]),
    "",
    "For all commands:",
    ...table(GLOBAL.map(([a, b]): [string, string] => [a, b])),
    "",
    EXITS,
    "",
    "`deploy-flow COMMAND --help` lists a command's flags.",
    "",
  ].join("\n");
}

/** A positional word as help and errors name it. */
export function wordOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function usageOf(flag: Flag): string {
  if (flag.kind === "switch") return `--[no-]${flag.name}`;
  const value =
    flag.choices?.join("|") ?? { text: "TEXT", number: "N", list: "TEXT", json: "JSON", switch: "" }[flag.kind];
  return `--${flag.name} ${value}`;
}

function describe(flag: Flag): string {
  const notes = [
    flag.required ? "required" : "",
    flag.kind === "list" ? "may be repeated" : "",
    flag.fallback === undefined ? "" : `default ${JSON.stringify(flag.fallback)}`,
  ].filter(Boolean);
  return `${flag.description}${notes.length > 0 ? ` (${notes.join("; ")})` : ""}`.trim();
}

function firstSentence(text: string): string {
  return text.split(/(?<=\.)\s/)[0]?.replace(/\.$/, "") ?? text;
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.min(34, Math.max(...rows.map(([left]) => left.length)));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd());
}
