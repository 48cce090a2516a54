import type { Findings } from "./findings.ts";
import { type Measured, proposeSlo } from "./measured.ts";
import type { Missing, Proposal, ProposedKey, Say, TargetChoice } from "./proposal.ts";
import { metricsSection } from "./propose-metrics.ts";
import { comment, flow, type Line, text } from "./yaml-text.ts";

/** The target that fits what was found: Kubernetes where manifests are, else processes on this machine. */
export function targetFor(findings: Findings): TargetChoice {
  return findings.kubernetes ? "kubernetes" : "sandbox";
}

/** Writes a first deploy.yaml from findings: each value with its source, what was not found as a comment with what to do. */
export function propose(findings: Findings, measured: Measured | undefined, target: TargetChoice): Proposal {
  const taken: ProposedKey[] = [];
  const missing: Missing[] = [];
  const take = (key: string, value: unknown, from: string): string => {
    taken.push({ key, value, from });
    return from;
  };
  const lack = (key: string, next: string): string => {
    missing.push({ key, next });
    return `NOT FOUND: ${next}`;
  };
  const known = withMeasured(findings, measured);
  const say = { take, lack };
  const blocks: Line[][] = [
    head(known, say),
    target === "sandbox" ? sandboxTarget(known, say) : kubernetesTarget(known, say),
    rollout(target),
    slo(measured, say),
    metricsSection(known, measured, target, say),
    smoke(known, measured, say),
    journeys(known, measured, say),
    testsSection(known, say),
    staging(known, target, say),
    approvals(target),
  ];
  return {
    target,
    text: `${blocks.map((block) => block.map(lineText).join("\n")).join("\n\n")}\n`,
    taken,
    missing,
    notes: [...findings.notes, ...(measured?.problems ?? [])],
  };
}

function lineText(line: Line): string {
  if (typeof line === "string") return line;
  const [yaml, remark] = line;
  return `${yaml} # ${comment(remark)}`;
}

/** What the running service answered wins over what its files say. */
function withMeasured(findings: Findings, measured: Measured | undefined): Findings {
  if (!measured) return findings;
  const from = `${measured.url} answered`;
  return {
    ...findings,
    ...(measured.healthPath === undefined ? {} : { healthPath: { value: measured.healthPath, from } }),
    ...(measured.metrics === undefined ? {} : { metrics: { value: measured.metrics, from } }),
  };
}

function head({ name, kubernetes }: Findings, { take }: Say): Line[] {
  const replicas = kubernetes?.value.replicas;
  return [
    "# Written by `deploy-flow init`. Read it once: every value says where it is from. All keys: docs/deploy-yaml.md",
    [`service: ${text(name.value)}`, take("service", name.value, name.from)],
    replicas === undefined || !kubernetes
      ? ["instances: 2", "the usual value: they carry full production traffic"]
      : [`instances: ${replicas}`, take("instances", replicas, kubernetes.from)],
  ];
}

function healthOf({ healthPath }: Findings, { take, lack }: Say, key: string): [string, string] {
  return healthPath
    ? [healthPath.value, take(key, healthPath.value, healthPath.from)]
    : ["/healthz", lack(key, "write the path that answers 200 when the service can work")];
}

function sandboxTarget(findings: Findings, say: Say): Line[] {
  const { start, readsPort } = findings;
  const [healthPath, healthFrom] = healthOf(findings, say, "target.healthPath");
  return [
    "# Where versions run: real processes on this machine behind a weighted proxy. For other platforms: docs/targets.md",
    "target:",
    "  kind: sandbox",
    ["  production: false", "true where real users are: minimum times hold and a person approves"],
    ["  artifact: releases/{version}", "one folder per version: all that it needs to run, and no tests"],
    start
      ? [`  command: ${flow(start.value)}`, say.take("target.command", start.value, start.from)]
      : ["  command: [./start]", say.lack("target.command", "write how the service is started, as a list of words")],
    readsPort
      ? `  # It has to listen on HOST and PORT of its environment; PORT is read in ${comment(readsPort.from)}.`
      : "  # It has to listen on HOST and PORT of its environment. That was NOT SEEN in the code: make sure that it does.",
    [`  healthPath: ${text(healthPath)}`, healthFrom],
    "  environments:",
    ["    staging: { port: 0 }", "0: any free port"],
    ["    production: { port: 8190 }", "where users find it on this machine; change it if it is taken"],
  ];
}

function kubernetesTarget(findings: Findings, say: Say): Line[] {
  const service = findings.kubernetes?.value;
  const from = findings.kubernetes?.from ?? "";
  const port = service?.port ?? findings.containerPort?.value;
  const portFrom = service?.port === undefined ? findings.containerPort?.from : from;
  const [healthPath, healthFrom] = healthOf(findings, say, "target.observe.env.HEALTH_PATH");
  const image = service?.image;
  const name = service?.name ?? findings.name.value;
  return [
    "# Where versions run: a cluster, reached by the commands in examples/kubernetes of deploy-flow. Copy its *.mjs files into",
    "# deploy/ and read its README first: it makes one Deployment per version, labelled app and version, and moves the",
    ...(service && !service.isVersioned
      ? [`# selector of the Service. YOUR Deployment ${comment(name)} HAS NO SUCH LABELS and is not taken over by it.`]
      : ["# selector of the Service."]),
    "target:",
    "  kind: command",
    ["  production: true", "real users: minimum times hold and a person approves"],
    ["  routing: by-replica", "a Service spreads connections over the pods behind it"],
    [
      "  instanceUrls: false",
      "true, with POD_URL below, where this machine reaches the pods, if only by kubectl proxy",
    ],
    "  resolve:",
    image === undefined
      ? [
          '    command: [node, deploy/digest.mjs, registry.example.com/service, "{version}"]',
          say.lack("target.resolve.command", "write your image"),
        ]
      : [
          `    command: ${flow(["node", "deploy/digest.mjs", image, "{version}"])}`,
          say.take("target.resolve.command", image, from),
        ],
    "    passEnv: [DOCKER_CONFIG]",
    "  observe:",
    '    command: [node, deploy/kube.mjs, observe, "{env}"]',
    "    env: &cluster",
    [`      SERVICE: ${text(name)}`, say.take("target.observe.env.SERVICE", name, from)],
    `      IMAGE: ${text(image ?? "registry.example.com/service")}`,
    port === undefined
      ? ['      PORT: "8080"', say.lack("target.observe.env.PORT", "write the port of the container")]
      : [`      PORT: "${port}"`, say.take("target.observe.env.PORT", port, portFrom ?? "")],
    [`      HEALTH_PATH: ${text(healthPath)}`, healthFrom],
    [
      "      ENTRY_URL_STAGING: https://staging.example.com",
      say.lack(
        "target.observe.env.ENTRY_URL_STAGING",
        "write where staging is reached from here; environments are namespaces",
      ),
    ],
    [
      "      ENTRY_URL_PRODUCTION: https://example.com",
      say.lack("target.observe.env.ENTRY_URL_PRODUCTION", "write where production is reached from here"),
    ],
    `      # POD_URL: "http://127.0.0.1:8001/api/v1/namespaces/{env}/pods/{pod}:${port ?? 8080}/proxy"`,
    "    passEnv: [KUBECONFIG]",
    "  apply:",
    '    command: [node, deploy/kube.mjs, apply, "{env}"]',
    "    timeout: 10m",
    "    env: *cluster",
    "    passEnv: [KUBECONFIG]",
  ];
}

function rollout(target: TargetChoice): Line[] {
  if (target === "kubernetes") {
    return [
      "strategy: canary",
      ["canary: { stages: [25, 50, 100], stageDuration: 10m }", "shares go by the number of pods"],
      ["observe: 30m", "at 100 %, before the production gate"],
    ];
  }
  return [
    "# Times to try it out. For real users take these lines out: 10m per stage and 30m at the end are usual.",
    "strategy: canary",
    ["canary: { stages: [25, 100], stageDuration: 10s, minRequests: 20 }", "percent of the traffic"],
    ["observe: 15s", "at 100 %, before the production gate"],
    ["judge: { warmupPolls: 2 }", "polls in which new instances may still be slow; usually 6"],
    ["waits: { rollbackVerify: 10s }", "measured after a rollback; usually 10m"],
  ];
}

function slo(measured: Measured | undefined, { take }: Say): Line[] {
  const title = "# Absolute targets: a new version that misses them goes back.";
  if (!measured) {
    return [
      title,
      "# Usual values. `deploy-flow init --url http://... --print` proposes some from your running service.",
      "slo: { errorRatePct: 0.1, latencyP99Ms: 500 }",
    ];
  }
  const proposal = proposeSlo(measured);
  const { errorRatePct = 0.1, latencyP99Ms = 500 } = proposal;
  return [
    title,
    "slo:",
    [`  errorRatePct: ${errorRatePct}`, take("slo.errorRatePct", errorRatePct, proposal.errorsFrom)],
    [`  latencyP99Ms: ${latencyP99Ms}`, take("slo.latencyP99Ms", latencyP99Ms, proposal.latencyFrom)],
  ];
}

function smoke(findings: Findings, measured: Measured | undefined, { take, lack }: Say): Line[] {
  const path = findings.healthPath?.value ?? "/healthz";
  const version = measured?.saysVersion
    ? [
        [
          `      expect: { jsonVersion: version }`,
          take("smoke.checks[0].expect.jsonVersion", "version", `${measured.url} answered`),
        ] as const,
      ]
    : [
        `      # ${comment(lack("smoke.checks[0].expect.jsonVersion", "let an answer name the version (VERSION in its environment), then: expect: { jsonVersion: version }"))}`,
      ];
  return [
    "# What a version must answer. Add what your users come for: docs/smoke-and-journeys.md",
    "smoke:",
    "  checks:",
    "    - id: health",
    "      group: health",
    "      priority: P0",
    `      path: ${text(path)}`,
    ...version,
  ];
}

/** What can be asked again and again: what answered, else the first page, else the health path. */
function walked({ page, healthPath }: Findings, measured: Measured | undefined): [readonly string[], string] {
  const pages = measured?.paths.filter((path) => path !== measured.healthPath) ?? [];
  if (measured && pages.length > 0) return [pages, `${measured.url} answered`];
  if (page) return [[page.value], `${page.from}; write what users do`];
  return [[healthPath?.value ?? "/healthz"], "the health path; write what users do instead"];
}

function journeys(findings: Findings, measured: Measured | undefined, { take }: Say): Line[] {
  const [paths, from] = walked(findings, measured);
  take("journeys", paths, from);
  return [
    "# What users do, step by step: walked as a check, and sent again and again where they are the probes.",
    "journeys:",
    "  - id: look-around",
    "    steps:",
    ...paths.map((one): Line => [`      - path: ${text(one)}`, from]),
  ];
}

function testsSection({ tests, reports }: Findings, { take, lack }: Say): Line[] {
  if (tests) {
    return [
      "# Tests of the new version. They run in this folder, so it has to hold what you deploy.",
      "tests:",
      "  candidate:",
      [`    command: ${flow(tests.value)}`, take("tests.candidate.command", tests.value, tests.from)],
      "    timeout: 10m",
    ];
  }
  if (reports) {
    return [
      "# Results of tests that something else runs. They must be of the version that is deployed.",
      "tests:",
      "  candidate:",
      [`    reports: ${flow(reports.value)}`, take("tests.candidate.reports", reports.value, reports.from)],
    ];
  }
  return [
    `# ${comment(lack("tests", "name the command that runs your tests and writes JUnit XML to {report}"))}`,
    "# tests:",
    '#   candidate: { command: [npx, vitest, run, --reporter=junit, "--outputFile={report}"] }',
  ];
}

function staging({ load }: Findings, target: TargetChoice, { take, lack }: Say): Line[] {
  const observe: Line = target === "sandbox" ? ["  observe: 15s", "usually 5m"] : "  observe: 5m";
  const title = "# The new version runs in staging first, beside the old one.";
  if (load && target === "sandbox") {
    return [
      title,
      "staging:",
      [`  load: { command: ${flow(load.value)} }`, take("staging.load.command", load.value, load.from)],
      observe,
    ];
  }
  return [
    title,
    "staging:",
    observe,
    `  # ${comment(lack("staging.load", "name a command that sends what users send, to {url}; until then only the journeys are sent"))}`,
    '  # load: { command: [node, load.mjs, "{url}"] }',
  ];
}

function approvals(target: TargetChoice): Line[] {
  return target === "sandbox"
    ? ["# Nobody is asked while production is false. With real users: docs/approvals.md"]
    : [["approvals: { accept: [terminal] }", "a person reads the plan and types a code: docs/approvals.md"]];
}
