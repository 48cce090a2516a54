// What a deployment did to the users, from the records of the load.

/**
 * One row per deployment. `lost`: no answer, a reset connection, or an error that the proxy made; those are the
 * deployment's doing. `badAnswers`: errors of the deployed version itself, counted apart. `secondsToSafety`: from
 * sending the first request that the new version answered badly to sending the last one that reached it.
 */
export function impactOf(results, records) {
  return results.map(({ version, outcome, from, until, visibleAt }) => {
    const during = records.filter((record) => record.at >= from && record.at <= until).sort((a, b) => a.at - b.at);
    const reached = during.filter((record) => record.version === version);
    const firstBad = during.find((record) => record.version === version && record.outcome === "service-error");
    const lastReached = reached.reduce((last, record) => Math.max(last, record.at), 0);
    const wentBack = outcome === "ROLLED_BACK" && firstBad !== undefined;
    return {
      version,
      outcome,
      requests: during.length,
      answered: during.filter((record) => record.outcome === "ok" || record.outcome === "service-error").length,
      lost: during.filter((record) => record.outcome !== "ok" && record.outcome !== "service-error").length,
      reachedNewVersion: reached.length,
      badAnswers: reached.filter((record) => record.outcome === "service-error").length,
      // Of that, what the flow itself took: from the moment up to which the deciding poll had counted.
      secondsFromData: wentBack && visibleAt !== undefined ? Math.max(0, lastReached - visibleAt) / 1000 : undefined,
      secondsToSafety: wentBack ? Math.max(0, lastReached - firstBad.at) / 1000 : undefined,
    };
  });
}

const COLUMNS = [
  ["deployment", (row) => row.version],
  ["outcome", (row) => row.outcome],
  ["requests served", (row) => row.answered.toLocaleString("en")],
  ["lost", (row) => String(row.lost)],
  ["reached the new version", (row) => row.reachedNewVersion.toLocaleString("en")],
  ["its own errors", (row) => String(row.badAnswers)],
  [
    "first bad request to all on the old version",
    (row) => (row.secondsToSafety === undefined ? "-" : `${row.secondsToSafety.toFixed(2)} s`),
  ],
];

/** The rows as a table of plain text. */
export function impactTable(rows) {
  const cells = [COLUMNS.map(([title]) => title), ...rows.map((row) => COLUMNS.map(([, value]) => value(row)))];
  const widths = COLUMNS.map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  const lines = cells.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]))
      .join("  ")
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => "─".repeat(width)).join("  "));
  return lines.join("\n");
}
