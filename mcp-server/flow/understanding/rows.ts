import type { Understood } from "../parameters.ts";

/** Sources that are this run's own, as opposed to the file and the defaults. */
const OWN: ReadonlySet<Understood["source"]> = new Set(["flag", "answer", "guidance", "recommendation"]);

/** Parameters that somebody set for this very run, with the words. */
export function ownWords({ understood }: { readonly understood: readonly Understood[] }): Understood[] {
  return understood.filter(({ source }) => OWN.has(source));
}

/** Where a value came from: `guidance "use blue-green"`. */
export function sourceText({ source, words }: Understood): string {
  return words === null ? source : `${source} "${words}"`;
}
