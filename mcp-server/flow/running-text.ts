/** What production runs, in words: a version, nothing, or what nobody could read. */
export function runningText(version: string | null | undefined): string {
  if (version === undefined) return "an unknown version: it could not be read";
  return version ?? "nothing";
}
