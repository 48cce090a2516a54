/** What differs between two runs of the same scenario, by what it is called instead. */
function masked(text: string, versions: { old: string; new: string }): string {
  return text
    .replaceAll(versions.new, "{new}")
    .replaceAll(versions.old, "{old}")
    .replace(/dpl-\w+-[0-9a-f]+/g, "{run}")
    .replace(/\d{4}-\d\d-\d\d(T[\d:.]+Z)?/g, "{time}")
    .replace(/\b[0-9a-f]{12,64}\b/g, "{hash}")
    .replace(/\d[\d,.]*( \d{3})*(e[+-]?\d+)?/g, "N")
    .replace(/\bN (ms|s|min|h)( N (ms|s|min|h))*\b/g, "{span}");
}

/** Sections whose rows depend on what this very run measured, and when: only that they are there is compared. */
const MEASURED =
  /^(Measured|Regressions|Staging regression gate|Regression gates|Service levels|Smoke checks|User journeys|Timeline|Note|Going back|Failed checks|What failed|What happened|Done about it|Read|Artifacts)$/;

/** Lines whose end quotes a measurement. */
const QUOTING =
  /^(.*?(?:rolled back|Deployment failed|Rolled back because of|rollback failed|Infrastructure|Smoke checks failed|Staging regression gate failed|would have passed|Status|Detected|Found|error rate|latency p99)): .*$/;

/**
 * The messages of a run as `run` prints them (start, what went wrong, final summary), without its lines per event, and
 * with everything taken out that another run of the same scenario says differently.
 */
export function messagesOf(out: string, versions: { old: string; new: string }): string {
  const told = out.split("\n").filter((line) => !/^\d\d:\d\d:\d\dZ /.test(line));
  const kept: string[] = [];
  let inMeasured = false;
  for (const line of told) {
    if (line.trim() === "") inMeasured = false;
    if (inMeasured) continue;
    kept.push(line.replace(QUOTING, "$1: …"));
    if (MEASURED.test(line)) inMeasured = true;
  }
  return masked(kept.join("\n"), versions)
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}
