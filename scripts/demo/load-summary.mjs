/** The value below which the share `q` of the numbers lies (nearest rank); undefined of none. */
function quantile(sorted, q) {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
}

function spread(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return { p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95), p99: quantile(sorted, 0.99), max: sorted.at(-1) };
}

function count(records, outcome) {
  return records.filter((record) => record.outcome === outcome).length;
}

function earliest(records) {
  return records.reduce((first, record) => Math.min(first, record.at), Number.POSITIVE_INFINITY);
}

/** What one version answered. Times are epoch milliseconds of sending. */
function ofVersion(records) {
  const failed = records.filter((record) => record.outcome === "service-error");
  return {
    answered: records.length,
    ok: count(records, "ok"),
    serviceErrors: failed.length,
    ms: spread(records.map((record) => record.ms)),
    firstSentAt: earliest(records),
    lastSentAt: records.reduce((last, record) => Math.max(last, record.at), 0),
    ...(failed.length === 0 ? {} : { firstErrorAt: earliest(failed) }),
  };
}

/**
 * Counts and latencies of a load. `lost` and `proxyErrors` are what a deployment may have cost; `serviceErrors` are
 * answers of a version that fails; `unsent` means that the sender itself was the limit.
 */
export function summarise(records, about) {
  const sent = records.filter((record) => record.outcome !== "unsent");
  const versions = new Map();
  for (const record of sent) {
    if (record.version === undefined) continue;
    const own = versions.get(record.version) ?? [];
    own.push(record);
    versions.set(record.version, own);
  }
  return {
    ...about,
    sent: sent.length,
    ok: count(sent, "ok"),
    serviceErrors: count(sent, "service-error"),
    proxyErrors: count(sent, "proxy-error"),
    refused: count(sent, "refused"),
    lost: count(sent, "lost"),
    unsent: records.length - sent.length,
    ms: spread(sent.map((record) => record.ms)),
    lateMs: spread(sent.map((record) => record.lateMs)),
    byVersion: Object.fromEntries([...versions].map(([version, own]) => [version, ofVersion(own)])),
    firstTroubles: sent.filter((record) => record.outcome === "lost" || record.outcome === "proxy-error").slice(0, 20),
  };
}
