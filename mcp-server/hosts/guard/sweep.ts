/**
 * What a command removes or moves with everything below it: paths as they are written. Bare globs are left out, since a
 * shell's `*` takes no name that begins with a dot. `isIgnored`: git is told to leave the record alone.
 */
export function sweptBy(name: string, words: readonly string[], isIgnored: boolean): readonly string[] {
  const paths = words.filter((word) => !word.startsWith("-") && isWhole(word));
  switch (name) {
    case "rm":
    case "grm":
      return words.some((word) => /^(?:-[a-zA-Z]*[rR]|--recursive$)/.test(word)) ? paths.map(withoutGlob) : [];
    case "mv":
    case "gmv":
      return paths.slice(0, -1).map(withoutGlob);
    case "git":
      return sweptByGit(words, isIgnored);
    default:
      return [];
  }
}

/** `.*` reaches names with a dot, `*` and `x*` do not reach the record. */
function isWhole(path: string): boolean {
  const last = path.split("/").at(-1) ?? "";
  return !/[*?[]/.test(last) || last.startsWith(".");
}

function withoutGlob(path: string): string {
  return /[*?[]/.test(path) ? path.slice(0, path.search(/[^/]*[*?[]/)) || "." : path;
}

function sweptByGit(words: readonly string[], isIgnored: boolean): readonly string[] {
  const at = words.findIndex((word) => word === "clean" || word === "stash");
  const own = words.slice(at + 1);
  const has = (letter: string, long: string) =>
    own.some((word) => word === long || new RegExp(`^-[a-zA-Z]*${letter}`).test(word));
  if (at < 0) return [];
  if (words[at] === "stash") {
    if (/^(?:list|show|drop|pop|apply|branch|clear)$/.test(own[0] ?? "")) return [];
    const all = has("a", "--all");
    return all || (has("u", "--include-untracked") && !isIgnored) ? ["."] : [];
  }
  if (has("n", "--dry-run") || !has("f", "--force")) return [];
  const isSpared = (word: string, before: string | undefined) =>
    /^\/?\.aiwg\/?$/.test(word.replace(/^--exclude=/, "")) &&
    (/^--exclude=/.test(word) || /^(?:-e|--exclude)$/.test(before ?? ""));
  if (own.some((word, index) => isSpared(word, own[index - 1]))) return [];
  if (isIgnored && !has("x", "-x") && !has("X", "-X")) return [];
  const paths = own.filter((word, index) => !word.startsWith("-") && !/^(?:-e|--exclude)$/.test(own[index - 1] ?? ""));
  return paths.length > 0 ? paths.map(withoutGlob) : ["."];
}
