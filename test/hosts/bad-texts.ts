const TARGET = `target:
  kind: sandbox
  artifact: releases/{version}
  command: [node, server.mjs]
  environments:
    production: { port: 0 }
`;
/** The least that a deploy.yaml needs: seven lines. */
export const MINIMAL = `service: shop\n${TARGET}`;
/** The artifact that it names. */
export const SERVER = { "releases/2.0.0/server.mjs": "" };
const COMMAND = `service: shop
target:
  kind: command
  production: false
  routing: per-request
  resolve: { command: [./hands, resolve, "{version}"] }
  observe: { command: [./hands, observe, "{env}"] }
  apply: { command: [./hands, apply, "{env}"] }
`;
const BOMB = `a: &a [x, x, x, x, x, x, x, x, x]\n${[..."bcdefghi"]
  .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[index]}`).join(", ")}]`)
  .join("\n")}\n`;

/** Each text, and what the message has to name. */
export const TEXTS: [name: string, text: string, line: number | undefined, key: string | undefined][] = [
  ["an unknown key, with the one that was meant", `${MINIMAL}obsrve: 5m\n`, 8, "obsrve"],
  ["an unknown key of a section", `${MINIMAL}canary: { stageDuraton: 5m }\n`, 8, "canary.stageDuraton"],
  ["a key that belongs into another section", `${MINIMAL}healthPath: /up\n`, 8, "healthPath"],
  ["an unknown environment", MINIMAL.replace("production:", "prod:"), 7, "target.environments.prod"],
  ["a wrong type", `${MINIMAL}instances: many\n`, 8, "instances"],
  ["a fraction where only whole numbers count", `${MINIMAL}instances: 1.5\n`, 8, "instances"],
  ["a text for a switch", `${MINIMAL}rollbackOnRegression: yes\n`, 8, "rollbackOnRegression"],
  ["a text for a list", MINIMAL.replace("[node, server.mjs]", "node server.mjs"), 5, "target.command"],
  ["an empty list", `${MINIMAL}canary: { stages: [] }\n`, 8, "canary.stages"],
  ["a value out of range", `${MINIMAL}slo: { errorRatePct: 100 }\n`, 8, "slo.errorRatePct"],
  ["no number at all", `${MINIMAL}slo: { latencyP99Ms: .inf }\n`, 8, "slo.latencyP99Ms"],
  ["a duration without unit", `${MINIMAL}observe: 15\n`, 8, "observe"],
  ["a duration in words", `${MINIMAL}observe: a while\n`, 8, "observe"],
  ["a value that is none of the known ones", `${MINIMAL}strategy: cannary\n`, 8, "strategy"],
  ["a missing key", TARGET, 1, "service"],
  ["a missing key of a section", MINIMAL.replace("  artifact: releases/{version}\n", ""), 2, "target.artifact"],
  ["a key without a value", `${MINIMAL}observe:\n`, 8, "observe"],
  ["no kind of target", "service: shop\ntarget: {}\n", 2, "target.kind"],
  ["an unknown kind of target", MINIMAL.replace("sandbox", "kubernetes"), 3, "target.kind"],
  ["a key of another kind of target", MINIMAL.replace("  kind: sandbox", "  kind: command"), 2, "target.production"],
  ["a placeholder that has no value", COMMAND.replace('"{version}"', '"{env}"'), 6, "target.resolve.command[2]"],
  [
    "a misspelt key of an alternative",
    `${MINIMAL}tests: { candidate: { comand: [npm, test] } }\n`,
    8,
    "tests.candidate.comand",
  ],
  ["an alternative that is none", `${MINIMAL}tests: { candidate: {} }\n`, 8, "tests.candidate"],
  ["a text where sections are", `${MINIMAL}tests: { candidate: npm test }\n`, 8, "tests.candidate"],
  [
    "keys of two alternatives",
    `${MINIMAL}tests: { candidate: { command: [npm, test], reports: [a.xml] } }\n`,
    8,
    "tests.candidate",
  ],
  [
    "a command that never writes its report",
    `${MINIMAL}tests: { candidate: { command: [npm, test] } }\n`,
    8,
    "tests.candidate.command",
  ],
  [
    "a misspelt key of a receiver",
    `${MINIMAL}notify:\n  - on: [outcome]\n    webhok: https://example.com\n`,
    10,
    "notify[0].webhok",
  ],
  ["a receiver without address", `${MINIMAL}notify:\n  - on: [outcome]\n`, 9, "notify[0]"],
  ["an address that is none", `${MINIMAL}notify:\n  - webhook: ftp://example.com\n`, 9, "notify[0].webhook"],
  ["an unknown occasion", `${MINIMAL}notify:\n  - { command: [x], on: [outcom] }\n`, 9, "notify[0].on[0]"],
  [
    "a bad regular expression",
    `${MINIMAL}metrics:\n  ignore: { label: path, matches: "/health(" }\n`,
    9,
    "metrics.ignore.matches",
  ],
  ["a rhythm that is too fast", `${MINIMAL}metrics: { poll: 10ms }\n`, 8, "metrics.poll"],
  [
    "a check twice",
    `${MINIMAL}smoke:\n  checks:\n    - { id: a, group: health, path: / }\n    - { id: a, group: health, path: / }\n`,
    11,
    "smoke.checks[1].id",
  ],
  [
    "a check that leads to another host",
    `${MINIMAL}smoke: { checks: [{ id: a, group: health, path: //example.com }] }\n`,
    8,
    "smoke.checks[0].path",
  ],
  [
    "a name that cannot be written in braces",
    `${MINIMAL}smoke: { checks: [{ id: a, group: health, path: /, remember: { a-b: c } }] }\n`,
    8,
    "smoke.checks[0].remember.a-b",
  ],
  [
    "a variable that is not passed",
    `${MINIMAL}smoke: { checks: [{ id: a, group: health, path: "/{env:TOKEN}" }] }\n`,
    8,
    "smoke.checks[0]",
  ],
  [
    "a time zone that does not exist",
    `${MINIMAL}freeze:\n  - { name: n, from: 12-20, to: 12-27, timeZone: Mars/Base, reason: r }\n`,
    9,
    "freeze[0].timeZone",
  ],
  ["a name that is none", MINIMAL.replace("shop", "Our Shop"), 1, "service"],
  ["a key that is no property", `${MINIMAL}__proto__: { observe: 1s }\n`, 8, "__proto__"],
  ["a merge key", `${MINIMAL}canary: { <<: { minRequests: 1 } }\n`, 8, `canary."<<"`],
  ["several problems", `${MINIMAL}observe: fast\ninstances: 0\nstrategi: canary\n`, 8, "observe"],
  ["canary stages that fall", `${MINIMAL}strategy: canary\ncanary: { stages: [50, 5, 100] }\n`, 9, "canary.stages"],
  ["a list instead of sections", "- service\n- target\n", 1, "(top level)"],
  ["an empty file", "", undefined, undefined],
  ["comments only", "# nothing yet\n", undefined, undefined],
  ["a bracket that is never closed", `${MINIMAL}canary: { stages: [5\n`, 9, undefined],
  ["a key twice", `${MINIMAL}service: other\n`, 8, undefined],
  ["tabs", "service: shop\ntarget:\n\tkind: sandbox\n", 3, undefined],
  ["two documents", `${MINIMAL}---\n${MINIMAL}`, 8, undefined],
  ["a tag", MINIMAL.replace("shop", "!!js/function shop"), 1, undefined],
  ["an alias to nothing", `${MINIMAL}observe: *later\n`, undefined, undefined],
  ["aliases that multiply", BOMB, undefined, undefined],
  ["line ends of another system", `${MINIMAL}obsrve: 5m\n`.replaceAll("\n", "\r\n"), 8, "obsrve"],
  ["a byte order mark", `\ufeff${MINIMAL}obsrve: 5m\n`, 8, "obsrve"],
  ["control characters", `${MINIMAL}"ob\\u001b[31mserve": 5m\n`, 8, undefined],
];
