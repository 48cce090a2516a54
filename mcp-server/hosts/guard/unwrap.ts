import { basename } from "node:path";
import { OPAQUE, readScript, type Simple, type Word } from "./shell.ts";

/** A program that really runs, once the programs that only start others are taken away. */
export interface Program {
  /** Name without its folder; empty where it is only known when the command runs. */
  readonly name: string;
  /** As it was written. */
  readonly path: string;
  readonly args: readonly Word[];
  /** Variables set for it on the line. */
  readonly env: ReadonlyMap<string, string>;
}

/** What a line does, as far as it can be seen. */
export interface Seen {
  readonly programs: readonly Program[];
  /** Files whose text a shell or another interpreter reads as a program, with the interpreter's name. */
  readonly scripts: readonly { readonly by: string; readonly file: string }[];
  /** Program texts in other languages. */
  readonly code: readonly string[];
  readonly writes: readonly string[];
  /** Folders that later commands run in. */
  readonly folders: readonly string[];
  /** Why something that would run could not be looked at. */
  readonly unseen: readonly string[];
}

interface Collected {
  programs: Program[];
  scripts: { by: string; file: string }[];
  code: string[];
  writes: string[];
  folders: string[];
  unseen: string[];
  env: Map<string, string>;
  depth: number;
}

const MAX_DEPTH = 12;

/** Everything that a shell text starts. */
export function seeScript(text: string): Seen {
  const collected: Collected = {
    programs: [],
    scripts: [],
    code: [],
    writes: [],
    folders: [],
    unseen: [],
    env: new Map(),
    depth: 0,
  };
  seeText(text, collected);
  return collected;
}

function seeText(text: string, to: Collected): void {
  if (to.depth >= MAX_DEPTH) {
    to.unseen.push("commands nested too deeply");
    return;
  }
  to.depth++;
  const { commands, problem } = readScript(text, to.env);
  if (problem !== undefined) to.unseen.push(problem);
  for (const simple of commands) seeSimple(simple, to);
  to.depth--;
}

function seeSimple(simple: Simple, to: Collected): void {
  to.writes.push(...simple.writes.map(({ text }) => text));
  if (simple.words.length === 0) {
    for (const { name, value } of simple.assigned) to.env.set(name, value.text);
    return;
  }
  const env = new Map(to.env);
  for (const { name, value } of simple.assigned) env.set(name, value.text);
  seeWords(simple.words, env, simple.input, to);
}

/** Flags that take the next word, by the program that only starts another one. */
const STARTERS: Record<string, { readonly takes: RegExp; readonly skips?: number }> = {
  nohup: { takes: /^$/ },
  setsid: { takes: /^$/ },
  builtin: { takes: /^$/ },
  unbuffer: { takes: /^$/ },
  caffeinate: { takes: /^-[tw]$/ },
  time: { takes: /^-[fo]$/ },
  gtime: { takes: /^-[fo]$/ },
  nice: { takes: /^-n$/ },
  ionice: { takes: /^-[cnp]$/ },
  chrt: { takes: /^-[TPD]$/, skips: 1 },
  taskset: { takes: /^-p$/, skips: 1 },
  stdbuf: { takes: /^-[ioe]$/ },
  timeout: { takes: /^-[ks]$/, skips: 1 },
  gtimeout: { takes: /^-[ks]$/, skips: 1 },
  strace: { takes: /^-[eopsPSuXabI]$/ },
  exec: { takes: /^-a$/ },
  sudo: { takes: /^-[ughpCTrtDRU]$/ },
  doas: { takes: /^-[uC]$/ },
  env: { takes: /^(?:-[uC]|--unset|--chdir)$/ },
  chroot: { takes: /^$/, skips: 1 },
  unshare: { takes: /^-[SGRw]$/ },
  nsenter: { takes: /^-[tSGrw]$/ },
  "systemd-run": { takes: /^-[pEMH]$/ },
  "dbus-run-session": { takes: /^$/ },
  npx: { takes: /^(?:-p|--package|-c|--call)$/ },
  bunx: { takes: /^$/ },
  pnpx: { takes: /^$/ },
  parallel: { takes: /^-[jaSINnLdC]$/ },
  xargs: { takes: /^-[IInPLdasE]$/ },
  gxargs: { takes: /^-[IInPLdasE]$/ },
  busybox: { takes: /^$/ },
  toybox: { takes: /^$/ },
  "aws-vault": { takes: /^-[dn]$/, skips: 2 },
  direnv: { takes: /^$/, skips: 2 },
  dotenv: { takes: /^-[ec]$/ },
  op: { takes: /^$/, skips: 1 },
};

const SHELLS = new Set(["sh", "bash", "zsh", "dash", "ksh", "mksh", "ash", "fish", "rbash"]);

/** Interpreters, with the flag whose next word is the program. */
const INTERPRETERS: Record<string, RegExp> = {
  node: /^(?:-[ep]|-pe|--eval|--print)$/,
  nodejs: /^(?:-[ep]|--eval|--print)$/,
  bun: /^-e$/,
  deno: /^eval$/,
  tsx: /^(?:-e|--eval)$/,
  python: /^-\w*c$/,
  python3: /^-\w*c$/,
  python2: /^-\w*c$/,
  pypy3: /^-c$/,
  perl: /^-\w*[eE]$/,
  ruby: /^-\w*e$/,
  php: /^-r$/,
  lua: /^-e$/,
  osascript: /^-e$/,
  awk: /^$/,
  gawk: /^$/,
  mawk: /^$/,
  pwsh: /^-(?:c|Command)$/i,
  powershell: /^-(?:c|Command)$/i,
};

/** A program that is being looked at. */
interface Call {
  readonly name: string;
  readonly path: string;
  readonly rest: readonly Word[];
  readonly env: ReadonlyMap<string, string>;
  readonly input: Simple["input"];
  readonly to: Collected;
  readonly nested: number;
}

function seeWords(
  words: readonly Word[],
  env: ReadonlyMap<string, string>,
  input: Simple["input"],
  to: Collected,
  nested = 0,
): void {
  const [first, ...rest] = words;
  if (first === undefined) return;
  if (nested > MAX_DEPTH) {
    to.unseen.push("programs that start programs, too many of them");
    return;
  }
  if (first.isOpaque) {
    to.programs.push({ name: "", path: "", args: words, env });
    return;
  }
  const name = basename(first.text);
  const call: Call = { name, path: first.text, rest, env, input, to, nested };
  const special = Object.hasOwn(SPECIAL, name) ? SPECIAL[name] : undefined;
  if (special) special(call);
  else if (SHELLS.has(name)) seeShell(call);
  else if (takesCodeBy(name)) seeInterpreter(call);
  else if (Object.hasOwn(STARTERS, name)) seeStarter(call);
  else seeProgram(call);
}

function seeProgram({ name, path, rest, env, to }: Call): void {
  to.programs.push({ name, path, args: rest, env });
}

function seeInside(call: Call, words: readonly Word[], env = call.env): void {
  seeWords(words, env, call.input, call.to, call.nested + 1);
}

/** Commands of the shell itself, and programs that take another command in a way of their own. */
const SPECIAL: Record<string, (call: Call) => void> = {
  eval: ({ rest, to }) => seeJoined(rest, to),
  ".": seeSourced,
  source: seeSourced,
  command: (call) => {
    const looksUp = /^-\w*[vV]/.test(call.rest[0]?.text ?? "");
    if (!looksUp) seeInside(call, call.rest.slice(skipFlags(call.rest, /^$/, 0)));
  },
  cd: seeFolder,
  pushd: seeFolder,
  export: seeExport,
  declare: seeExport,
  typeset: seeExport,
  readonly: seeExport,
  alias: ({ rest, to }) => {
    for (const { text } of rest) seeText(text.slice(text.indexOf("=") + 1), to);
  },
  trap: ({ rest, to }) => seeJoined(rest.slice(0, 1), to),
  find: seeFind,
  gfind: seeFind,
  fd: seeFind,
  fdfind: seeFind,
  watch: ({ rest, to }) => seeJoined(rest.slice(skipFlags(rest, /^-[ned]$|^--interval$/, 0)), to),
  ssh: seeRemote,
  mosh: seeRemote,
  autossh: seeRemote,
  su: seeSession,
  runuser: seeSession,
  script: seeSession,
  flock: seeSession,
};

function seeSourced({ rest, to }: Call): void {
  const [file] = rest;
  if (file) addScript(file, "sh", to);
}

function seeFolder({ rest, to }: Call): void {
  const folder = rest.find(({ text }) => !text.startsWith("-"));
  if (folder && !folder.isOpaque) to.folders.push(folder.text);
}

function seeExport({ rest, to }: Call): void {
  for (const { text } of rest) {
    const at = text.indexOf("=");
    if (at > 0) to.env.set(text.slice(0, at), text.slice(at + 1));
  }
}

function seeFind(call: Call): void {
  const { rest } = call;
  seeProgram(call);
  const starts = rest.findIndex(({ text }) => /^-(?:exec|execdir|ok|okdir|x|X)$|^--exec(?:-batch)?$/.test(text));
  if (starts < 0) return;
  const ends = rest.findIndex(({ text }, index) => index > starts && (text === ";" || text === "+"));
  seeInside(call, rest.slice(starts + 1, ends < 0 ? undefined : ends));
}

function seeRemote(call: Call): void {
  const { rest, to } = call;
  seeProgram(call);
  seeJoined(rest.slice(skipFlags(rest, /^-[BbcDEeFIiJLlmOopQRSWw]$/, 1)), to);
}

function seeSession(call: Call): void {
  const { name, rest, to } = call;
  const at = rest.findIndex(({ text }) => /^-\w*c$|^--command$/.test(text));
  if (at >= 0) seeJoined(rest.slice(at + 1, at + 2), to);
  else if (name === "flock") seeInside(call, rest.slice(skipFlags(rest, /^-[wE]$/, 1)));
  else if (name !== "script") to.unseen.push(`a session of ${name}`);
}

/** A program that starts the one that its words name: `sudo`, `env`, `xargs`, `timeout` and their like. */
function seeStarter(call: Call): void {
  const { name, rest, to } = call;
  const joined = joinedAt(name, rest);
  if (joined >= 0) {
    const glued = /^-S(.+)$/.exec(rest[joined]?.text ?? "")?.[1];
    const first = glued === undefined ? [] : [{ text: glued, isOpaque: rest[joined]?.isOpaque ?? true }];
    seeJoined([...first, ...rest.slice(joined + 1)], to);
    return;
  }
  const starter = STARTERS[name];
  let at = skipFlags(rest, starter?.takes ?? /^$/, starter?.skips ?? 0);
  const env = new Map(call.env);
  for (; /^(?:env|sudo|doas)$/.test(name); at++) {
    const set = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(rest[at]?.text ?? "");
    if (!set) break;
    env.set(set[1] ?? "", set[2] ?? "");
  }
  const inner = rest.slice(at);
  if (!/^g?xargs$|^parallel$/.test(name)) seeInside(call, inner, env);
  else if (inner.length > 0 || name === "parallel") seeInside(call, [...inner, ...fedWords(call.input)], env);
}

/** Where a starter takes its command as one text. */
function joinedAt(name: string, rest: readonly Word[]): number {
  if (name === "env") return rest.findIndex(({ text }) => /^-S|^--split-string$/.test(text));
  return name === "npx" ? rest.findIndex(({ text }) => text === "-c" || text === "--call") : -1;
}

/** Words that xargs appends, where the line itself says them; one opaque word otherwise. */
function fedWords(input: Simple["input"]): Word[] {
  const text = literalInput(input);
  if (text === undefined) return [{ text: OPAQUE, isOpaque: true }];
  return text
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => ({ text: word, isOpaque: false }));
}

/** Index after the leading flags and so many further words. */
function skipFlags(words: readonly Word[], takes: RegExp, skips: number): number {
  let at = 0;
  while (at < words.length && words[at]?.text.startsWith("-")) {
    const text = words[at]?.text ?? "";
    at++;
    if (text === "--") break;
    if (takes.test(text)) at++;
  }
  return at + skips;
}

function seeShell({ name, rest, input, to }: Call): void {
  const at = rest.findIndex(({ text }) => /^-[A-Za-z]*c[A-Za-z]*$/.test(text));
  if (at >= 0) {
    const code = rest.slice(at + 1).find(({ text }) => !/^[-+]/.test(text));
    if (code) seeJoined([code], to);
    return;
  }
  const [file] = rest.slice(skipFlags(rest, /^(?:[-+]O|-o|--rcfile|--init-file)$/, 0));
  const readsInput = rest.some(({ text }) => /^-[A-Za-z]*s[A-Za-z]*$/.test(text));
  if (file === undefined || readsInput || file.text === "-" || file.text === "/dev/stdin") seeInput(name, input, to);
  else addScript(file, name, to);
}

/** A shell that reads its program from what it is given. */
function seeInput(name: string, input: Simple["input"], to: Collected): void {
  if (input === undefined) return;
  const text = literalInput(input);
  if ("file" in input) addScript(input.file, name, to);
  else if (text === undefined) to.unseen.push(`what is piped into ${name}`);
  else if (SHELLS.has(name)) seeText(text, to);
  else to.code.push(text);
}

/** The input of a command where the line itself says it: a here-document, or what echo, printf and cat of one print. */
function literalInput(input: Simple["input"]): string | undefined {
  if (input === undefined) return undefined;
  if ("text" in input) return input.text;
  if ("file" in input) return undefined;
  const { words, input: before } = input.from;
  const [program, ...args] = words;
  if (program === undefined || words.some(({ isOpaque }) => isOpaque)) return undefined;
  const texts = args.map(({ text }) => text);
  const name = basename(program.text);
  if (name === "echo")
    return texts
      .filter((text) => !/^-[neE]+$/.test(text))
      .join(" ")
      .replaceAll("\\n", "\n");
  if (name === "printf") {
    const [format = "", ...values] = texts;
    let at = 0;
    const printed = format.replaceAll(/%[sbq]/g, () => values[at++] ?? "");
    return `${printed} ${values.slice(at).join(" ")}`.replaceAll("\\n", "\n");
  }
  if ((name === "cat" || name === "tee") && args.length === 0) return literalInput(before);
  return undefined;
}

function takesCodeBy(name: string): RegExp | undefined {
  const plain = name.replace(/^(python3?)\.\d+$/, "$1");
  return Object.hasOwn(INTERPRETERS, plain) ? INTERPRETERS[plain] : undefined;
}

function seeInterpreter(call: Call): void {
  const { name, rest, input, to } = call;
  seeProgram(call);
  if (/awk$/.test(name)) {
    to.code.push(...rest.map(({ text }) => text).filter((text) => /system|\|/.test(text)));
    return;
  }
  const at = rest.findIndex(({ text }) => takesCodeBy(name)?.test(text));
  if (at >= 0) {
    to.code.push(...rest.slice(at + 1).map(({ text }) => text));
    return;
  }
  if (rest.some(({ text }) => text === "-m")) return;
  const file = rest.find(({ text }) => !text.startsWith("-"));
  if (file === undefined) seeInput(name, input, to);
  else if (file.text !== "run") addScript(file, name, to);
}

function addScript(file: Word, by: string, to: Collected): void {
  if (file.isOpaque) to.unseen.push(`a file that ${by} reads`);
  else to.scripts.push({ by, file: file.text });
}

function seeJoined(words: readonly Word[], to: Collected): void {
  seeText(words.map(({ text }) => text).join(" "), to);
}
