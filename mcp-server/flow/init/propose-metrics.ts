import { type Findings, type Found, ignoredOf, type MetricNames } from "./findings.ts";
import type { Measured } from "./measured.ts";
import type { Say, TargetChoice } from "./proposal.ts";
import { comment, type Line, text } from "./yaml-text.ts";

/** Requests that the service counted by itself: with fewer, nobody seems to use it where it was asked. */
const IN_USE = 1_000;

/** The section `metrics`, with the probes that stand in for users. */
export function metricsSection(
  { metrics, metricsPath }: Findings,
  measured: Measured | undefined,
  target: TargetChoice,
  { take, lack }: Say,
): Line[] {
  if (target === "kubernetes") {
    return [
      "# What users meet is not judged where replicas share the traffic; the journeys below, sent to each version, can be, once",
      "# instanceUrls is true (or with `strategy: blue-green` and no canary): docs/targets.md.",
      "# metrics: { source: probes }",
    ];
  }
  if (metrics && (measured?.counted?.requests ?? 0) >= IN_USE) {
    return ["# Every instance's own metrics page.", ...scraped(metrics, take), PROBES];
  }
  const next = metricsPath
    ? `${metricsPath.value} (${metricsPath.from}) may be a metrics page; init --url reads its names, or write them below`
    : "serve a Prometheus page with a counter of requests and a histogram of times, then take the lines below";
  return [
    "# Measured are the answers to our own probes, the journeys below sent again and again: enough while nobody else asks.",
    ["metrics: { source: probes, poll: 500ms }", "usually 10s"],
    PROBES,
    metrics
      ? "# With users, better their own requests. In place of the line `metrics` above:"
      : `# ${comment(lack("metrics", next))}`,
    ...(metrics ? scraped(metrics, take) : unknownPage(metricsPath?.value ?? "/metrics")).map(commentedOut),
  ];
}

const PROBES: Line = [
  "probes: { ratePerSecond: 40, recordFor: 10s }",
  "journeys per second to each version; usually 2, and 1m",
];

function unknownPage(path: string): Line[] {
  return [
    "metrics:",
    `  path: ${text(path)}`,
    '  requests: { name: http_requests_total, failed: { label: status, matches: "5.." } }',
    "  latency: { name: http_request_duration_seconds, unit: s }",
  ];
}

function commentedOut(line: Line): Line {
  return typeof line === "string" ? `# ${line}` : [`# ${line[0]}`, line[1]];
}

function scraped({ value, from }: Found<MetricNames>, take: Say["take"]): Line[] {
  const { path, requests, latency } = value;
  return [
    "metrics:",
    [`  path: ${text(path)}`, take("metrics", { path, requests, latency }, from)],
    ["  poll: 500ms", "usually 10s"],
    `  requests: { name: ${text(requests.name)}, failed: { label: ${text(requests.label)}, matches: "5.." } }`,
    latency
      ? `  latency: { name: ${text(latency.name)}, unit: ${latency.unit} }`
      : ["  # latency: { name: http_request_duration_seconds, unit: s }", "no histogram of request times was found"],
    ...healthIgnored(value),
  ];
}

/** Health checks come all the time and succeed: counted as users' requests they would hide failures of those. */
function healthIgnored({ health }: MetricNames): Line[] {
  const ignored = ignoredOf(health);
  if (ignored) {
    const { label, matches } = ignored;
    return [
      [
        `  ignore: { label: ${text(label)}, matches: ${JSON.stringify(matches)} }`,
        "health checks are nobody's requests",
      ],
    ];
  }
  if (health === undefined) return [];
  return [
    "  # ignore: no label tells health checks from users' requests, so they count as such; better leave them uncounted",
  ];
}
