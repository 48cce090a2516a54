import { basename, extname, isAbsolute, join, normalize, relative } from "node:path";
import type { GuardConfig } from "../../flow/guard-config.ts";
import { OPAQUE, type Word } from "./shell.ts";
import { sweptBy } from "./sweep.ts";
import { type Act, CHANGING_VERBS, changeOf, KNOWN_TOOLS } from "./tools.ts";
import { type Program, type Seen, seeScript } from "./unwrap.ts";

/** What the guard knows about the project that governs the folder. */
export interface Governed {
  /** Folder of deploy.yaml. */
  readonly root: string;
  readonly config: GuardConfig;
  /** A run is going on; its deploy.yaml is not to be touched. */
  readonly isRunning: boolean;
}

/** A tool call of the agent host, as its hook reports it. */
export interface ToolCall {
  readonly tool: string;
  readonly cwd: string;
  readonly command?: string;
  readonly file?: string;
}

/** The files that commands name. */
export interface Files {
  /** Text of a file that a command would run; undefined where there is none, it is no text, or it is too large. */
  text(path: string): string | undefined;
  /** The path with its links resolved, as far as it exists. */
  real(path: string): string;
}

/** Why a call is held back and how to do it properly. */
export interface Denial {
  readonly what: string;
  readonly next: string;
}

const BY_THE_FLOW =
  "let the deployment flow do it: deploy-start, or `deploy-flow run VERSION`; it goes back by itself, and deploy-decide rolls back or aborts at any moment";
const BY_A_PERSON = "this is for a person at a terminal of their own, not for an agent";
const MAX_FILES = 40;

/** Denies what changes production past the flow, or the record of it. `undefined` lets the call pass. */
export function decide(call: ToolCall, project: Governed, files: Files): Denial | undefined {
  if (call.file !== undefined) {
    const held = heldFile(call.file, call.cwd, project, files);
    return held && { what: `${call.tool} of ${held.name}`, next: held.next };
  }
  if (call.command === undefined) return undefined;
  if (/^powershell$/i.test(call.tool)) return mentionedChange(call.command, "a PowerShell command");
  return new Look(project, files).text(call.command, [call.cwd]);
}

/** A file that only the program or a person writes. */
function heldFile(
  path: string,
  cwd: string,
  project: Governed,
  files: Files,
): { name: string; next: string } | undefined {
  const whole = normalize(isAbsolute(path) ? path : join(cwd, path));
  return (
    heldPlace(relative(project.root, whole), project) ??
    heldPlace(relative(files.real(project.root), files.real(whole)), project)
  );
}

function heldPlace(inside: string, project: Governed): { name: string; next: string } | undefined {
  if (inside === ".aiwg" || inside.startsWith(".aiwg/")) {
    return {
      name: "the record of deployments (.aiwg)",
      next: "only the program writes there; findings and prose go in by artifact-write, intake and architecture documents are a person's",
    };
  }
  if (inside === "deploy.yaml" && project.isRunning) {
    return {
      name: "deploy.yaml while a deployment runs",
      next: "wait until the run has ended: it keeps the copy that was approved, and a change needs a new plan",
    };
  }
  return undefined;
}

/** Programs whose words are data to them: they may name anything. */
const TALKS = new Set(
  "echo printf grep egrep fgrep rg ag ack git gh glab man which whereis type cat bat less more head tail sed awk gawk jq yq wc sort uniq cut tr diff comm ls tree stat file test [ [[ true false touch mkdir read history alias help tldr apropos apt apt-get brew dnf yum pip pip3 pipx code vim nano emacs open xdg-open pbcopy say notify-send for case select function return exit set unset shift local let sleep date pwd basename dirname realpath readlink hash find fd fdfind gfind node nodejs python python3 perl ruby php deno bun tsx osascript curl wget".split(
    " ",
  ),
);

/** Programs that only read the files that they are given. */
const READERS = new Set(
  "cat bat less more head tail grep egrep fgrep rg ag jq yq wc sort uniq cut diff cmp ls tree stat file find fd du cd pushd test [ [[ echo printf sha256sum shasum md5sum xxd hexdump od deploy-flow git column nl open code".split(
    " ",
  ),
);

function isExcluded(word: string, before: string | undefined): boolean {
  return word.startsWith("--exclude=") || before === "-e" || before === "--exclude";
}

class Look {
  private readonly visited = new Set<string>();

  private readonly project: Governed;
  private readonly files: Files;

  constructor(project: Governed, files: Files) {
    this.project = project;
    this.files = files;
  }

  /** The first thing in a shell text that is held back. */
  text(text: string, folders: readonly string[], where = ""): Denial | undefined {
    const seen = seeScript(text);
    // `cd` can come before or after what it matters for; every folder that the text goes to is looked at.
    const all = [...folders];
    for (const folder of seen.folders) all.push(join(isAbsolute(folder) ? "/" : (all.at(-1) ?? "/"), folder));
    const told = this.seen(seen, all);
    if (told) return where === "" ? told : { ...told, what: `${told.what} (in ${where})` };
    return undefined;
  }

  private seen(seen: Seen, folders: readonly string[]): Denial | undefined {
    for (const path of seen.writes) {
      const held = this.held(path, folders);
      if (held) return { what: `writing to ${held.name}`, next: held.next };
    }
    for (const program of seen.programs) {
      const told = this.program(program, folders);
      if (told) return told;
    }
    for (const code of seen.code) {
      const told = mentionedChange(code, "a program text");
      if (told) return told;
    }
    for (const { by, file } of seen.scripts) {
      const told = this.script(by, file, folders);
      if (told) return told;
    }
    const [unseen] = seen.unseen;
    if (unseen === undefined) return undefined;
    return {
      what: `a command that cannot be looked at (${unseen})`,
      next: "write out what is to be run, or put it into a file inside the project and run that",
    };
  }

  private held(path: string, folders: readonly string[]): { name: string; next: string } | undefined {
    for (const folder of folders) {
      const held = heldFile(path, folder, this.project, this.files);
      if (held) return held;
    }
    return undefined;
  }

  private program(program: Program, folders: readonly string[]): Denial | undefined {
    const { name, args, env } = program;
    if (name === "") return this.unknownProgram(args);
    const own = ownCommand(name, args);
    if (own) return own;
    const named = this.project.config.commands.find((pattern) =>
      matchesWords(pattern, [name, ...args.map(({ text }) => text)]),
    );
    if (named)
      return { what: `\`${named.join(" ")}\`, which deploy.yaml names as a change of production`, next: BY_THE_FLOW };
    const change = changeOf(name, args, env);
    if (change && this.isProduction(change)) return this.changeDenied(change.what, change.contexts);
    const record = this.recordTouched(name, args, folders);
    if (record) return record;
    if (!TALKS.has(name) && !KNOWN_TOOLS.includes(name)) {
      // `some-wrapper kubectl apply`: what is not known may start what follows.
      const at = args.findIndex(({ text }) => KNOWN_TOOLS.includes(basename(text)));
      const inner = args[at];
      if (at >= 0 && inner) {
        const told = this.program(
          { name: basename(inner.text), path: inner.text, args: args.slice(at + 1), env },
          folders,
        );
        if (told) return told;
      }
    }
    if (program.path.includes("/")) {
      const told = this.script("", program.path, folders);
      if (told) return told;
    }
    return this.projectScript(program, folders);
  }

  /** A program whose name is only known later is held back where its words look like a change. */
  private unknownProgram(words: readonly Word[]): Denial | undefined {
    const [, ...args] = words;
    const bare = words.length === 1 && words[0]?.text.replaceAll(OPAQUE, "") === "";
    const verb = args.find(({ text }) => CHANGING_VERBS.includes(text));
    if (!bare && verb === undefined) return undefined;
    return {
      what: bare ? "a command that is only known when it runs" : `an unnamed program with \`${verb?.text}\``,
      next: "write the program's name out",
    };
  }

  private isProduction({ contexts, files }: Pick<Act, "contexts" | "files">): boolean {
    const { contexts: production } = this.project.config;
    const named = contexts.filter((context) => context !== "");
    if (production === undefined || named.length === 0) return true;
    return [...named, ...files].some(
      (context) => context.includes(OPAQUE) || production.some((pattern) => matches(pattern, context)),
    );
  }

  private changeDenied(what: string, contexts: readonly string[]): Denial {
    const { contexts: production } = this.project.config;
    const elsewhere =
      production === undefined
        ? "where this is not production, a person names what is under guard.contexts of deploy.yaml"
        : contexts.length === 0
          ? "where this is not production, name the context on the command line"
          : "guard.contexts of deploy.yaml names what production is";
    return { what: `\`${what}\` changes production past the deployment flow`, next: `${BY_THE_FLOW}; ${elsewhere}` };
  }

  /** What takes whole folders away takes the record along, though no word names it. */
  private recordSwept(name: string, args: readonly Word[], folders: readonly string[]): Denial | undefined {
    const { root } = this.project;
    const ignored = this.files.text(join(root, ".gitignore"))?.split("\n") ?? [];
    const words = args.map(({ text }) => text);
    const paths = sweptBy(
      name,
      words,
      ignored.some((line) => /^\/?\.aiwg\/?\*{0,2}$/.test(line.trim())),
    );
    const isAround = (path: string, folder: string) => {
      const whole = this.files.real(isAbsolute(path) ? path : join(folder, path));
      const inside = relative(whole, join(this.files.real(root), ".aiwg"));
      return inside !== "" && !inside.startsWith("..");
    };
    if (!paths.some((path) => folders.some((folder) => isAround(path, folder)))) return undefined;
    return {
      what: `\`${name}\` on a folder with the record of deployments (.aiwg) in it`,
      next: "name what is to go, and leave .aiwg where it is (git clean -e .aiwg)",
    };
  }

  /** A program that is not known to only read, on files that are held. */
  private recordTouched(name: string, args: readonly Word[], folders: readonly string[]): Denial | undefined {
    const swept = this.recordSwept(name, args, folders);
    if (swept) return swept;
    const edits = /^g?sed$/.test(name) && args.some(({ text }) => /^-\w*i|^--in-place/.test(text));
    const deletes =
      /^(?:find|fd)$/.test(name) && args.some(({ text }) => /^-(?:delete|exec|execdir|ok|fprint\w*)$/.test(text));
    const restores =
      name === "git" && args.some(({ text }) => /^(?:clean|checkout|restore|rm|mv|stash|reset)$/.test(text));
    if ((READERS.has(name) || name === "sed") && !edits && !deletes && !restores) return undefined;
    for (const [index, { text }] of args.entries()) {
      // What git clean is told to leave alone.
      if (name === "git" && isExcluded(text, args[index - 1]?.text)) continue;
      const path = /^[\w-]+=/.test(text) ? text.slice(text.indexOf("=") + 1) : text;
      if (path.startsWith("-")) continue;
      const held = this.held(path.replace(/[*?[].*$/, ""), folders);
      if (held) return { what: `\`${name}\` on ${held.name}`, next: held.next };
    }
    return undefined;
  }

  /** What package scripts and makefiles would run. */
  private projectScript({ name, args }: Program, folders: readonly string[]): Denial | undefined {
    const looks = folders.map((folder) => {
      if (/^(?:npm|pnpm|yarn|bun)$/.test(name)) {
        const verbs = args.map(({ text }) => text).filter((text) => !text.startsWith("-"));
        const script = /^run(?:-script)?$/.test(verbs[0] ?? "") ? verbs[1] : verbs[0];
        return script === undefined ? undefined : this.packageScript(script, folder);
      }
      return /^g?make$|^just$/.test(name) ? this.makefile(args, folder) : undefined;
    });
    return looks.find((told) => told !== undefined);
  }

  private packageScript(script: string, folder: string): Denial | undefined {
    const text = this.files.text(join(folder, "package.json"));
    const scripts = text === undefined ? undefined : scriptsOf(text);
    for (const name of [`pre${script}`, script, `post${script}`]) {
      const body = scripts?.[name];
      if (typeof body !== "string" || !this.isNew(`${folder}:${name}`)) continue;
      const told = this.text(body, [folder], `script ${name} of package.json`);
      if (told) return told;
    }
    return undefined;
  }

  private makefile(args: readonly Word[], folder: string): Denial | undefined {
    for (const file of ["GNUmakefile", "makefile", "Makefile", "justfile"]) {
      const text = this.files.text(join(folder, file));
      if (text !== undefined) return this.recipes(text, args, folder, file);
    }
    return undefined;
  }

  private recipes(text: string, args: readonly Word[], folder: string, file: string): Denial | undefined {
    const rules = new Map<string, { needs: string[]; lines: string[] }>();
    let current: { needs: string[]; lines: string[] } | undefined;
    for (const line of text.split("\n")) {
      const head = /^([A-Za-z0-9_./% -]+?)\s*:(?![=:])\s*([^#]*)/.exec(line);
      if (/^\s+\S/.test(line))
        current?.lines.push(
          line
            .trim()
            .replace(/^[@+-]+/, "")
            .replaceAll("$$", "$"),
        );
      else if (head) {
        current = { needs: (head[2] ?? "").split(/\s+/).filter(Boolean), lines: [] };
        for (const target of (head[1] ?? "").split(/\s+/)) rules.set(target, current);
      }
    }
    const wanted = args.map(({ text: word }) => word).filter((word) => rules.has(word));
    const [first] = [...rules.keys()].filter((target) => !target.startsWith("."));
    const queue = wanted.length > 0 ? wanted : first === undefined ? [] : [first];
    for (let target = queue.shift(); target !== undefined; target = queue.shift()) {
      const rule = rules.get(target);
      if (!rule || !this.isNew(`${folder}/${file}:${target}`)) continue;
      queue.push(...rule.needs);
      const body = rule.lines.join("\n").replaceAll(/\$\((\w+)\)/g, (_all, name) => variableOf(text, name) ?? OPAQUE);
      const told = this.text(body, [folder], `target ${target} of ${file}`);
      if (told) return told;
    }
    return undefined;
  }

  /** A file that is run: a shell's is read as one, any other is searched for the plain words. */
  private script(by: string, file: string, folders: readonly string[]): Denial | undefined {
    for (const folder of folders) {
      const path = normalize(isAbsolute(file) ? file : join(folder, file));
      if (basename(path) === "deploy-flow.mjs" || !this.isNew(path)) continue;
      const text = this.files.text(path);
      if (text === undefined) continue;
      const isShell =
        /^#!.*\b(?:ba|z|da|k)?sh\b/.test(text) || /^\.(?:sh|bash|zsh)$/.test(extname(path)) || /sh$/.test(by);
      const told = isShell ? this.text(text, [folder], file) : mentionedChange(text, file);
      if (told) return told;
    }
    return undefined;
  }

  private isNew(key: string): boolean {
    if (this.visited.has(key) || this.visited.size >= MAX_FILES) return false;
    this.visited.add(key);
    return true;
  }
}

function scriptsOf(text: string): Record<string, unknown> | undefined {
  try {
    const found = (JSON.parse(text) as { scripts?: unknown }).scripts;
    return typeof found === "object" && found !== null ? { ...found } : undefined;
  } catch {
    return undefined;
  }
}

function variableOf(makefile: string, name: string): string | undefined {
  return new RegExp(`^${name}\\s*[:?]?=\\s*(.*)$`, "m").exec(makefile)?.[1];
}

/** The program's own commands that are a person's. */
function ownCommand(name: string, args: readonly Word[]): Denial | undefined {
  const texts = args.map(({ text }) => text);
  const at = texts.findIndex((text) => /^deploy-flow(?:\.mjs)?$/.test(basename(text)));
  const own = /^deploy-flow(?:\.mjs)?$/.test(name) ? texts : at >= 0 ? texts.slice(at + 1) : undefined;
  if (own === undefined) return undefined;
  const verb = own.find((text) => !text.startsWith("-"));
  if (verb === "serve") {
    return { what: "another server of deploy-flow", next: "the host starts the one that it needs; use its tools" };
  }
  if (verb === "approve" || verb === "release-lock" || verb === "incident" || verb === "sign") {
    return { what: `\`deploy-flow ${verb}\``, next: `${BY_A_PERSON}; tell the user what to type` };
  }
  if (own.some((text) => /^--approve(?:=|$)/.test(text))) {
    return {
      what: "an approval on the command line (--approve)",
      next: `${BY_A_PERSON}; tell the user the plan's hash`,
    };
  }
  return undefined;
}

function matches(pattern: string, text: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "i").test(text);
}

function matchesWords(pattern: readonly string[], words: readonly string[]): boolean {
  return pattern.every((part, index) => {
    const word = words[index] ?? "";
    const wanted = index === 0 ? basename(part) : part;
    return word.includes(OPAQUE) || matches(wanted, word);
  });
}

const TOOLS = KNOWN_TOOLS.filter((name) => name !== "docker" && name.length > 3).join("|");
const VERBS = CHANGING_VERBS.join("|");
/** `kubectl apply`, `"kubectl", "apply"`, `kubectl --context prod delete`: a tool and, soon after it, a verb. */
const MENTION = new RegExp(
  `\\b(${TOOLS})\\b["'\`,\\s\\[\\]]+(?:-{1,2}[\\w-]+(?:[=\\s"',]+[\\w./:@-]+)?["'\`,\\s]+){0,4}(?:argo["'\`,\\s]+rollouts["'\`,\\s]+|app["'\`,\\s]+)?(${VERBS})\\b`,
  "i",
);
const OWN_MENTION = /deploy-flow(?:\.mjs)?["'`,\s]+(approve|release-lock|incident)\b/;

/** A text in a language that is not read, but names a change in plain words. */
function mentionedChange(text: string, where: string): Denial | undefined {
  const own = OWN_MENTION.exec(text);
  if (own) return { what: `\`deploy-flow ${own[1]}\` in ${where}`, next: BY_A_PERSON };
  const found = MENTION.exec(text);
  if (!found) return undefined;
  return {
    what: `\`${found[1]} ${found[2]}\` in ${where} changes production past the deployment flow`,
    next: BY_THE_FLOW,
  };
}
