import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDeployConfig } from "../../../mcp-server/flow/config-file.ts";
import { findIn, serviceName } from "../../../mcp-server/flow/init/find.ts";
import { propose, targetFor } from "../../../mcp-server/flow/init/propose.ts";

const NODE_SERVER = `const { PORT } = process.env;
createServer((request, response) => { if (request.url === "/healthz") return ok(response); if (request.url === "/") return page(response); });`;
const packageJson = (content: object) => JSON.stringify({ name: "shop", version: "1.4.0", ...content });

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: { name: shop-web }
spec:
  replicas: 4
  template:
    metadata:
      labels: { app: shop-web }
      annotations: { prometheus.io/scrape: "true", prometheus.io/path: /internal/metrics }
    spec:
      containers:
        - image: registry.example.com:5000/shop/web:1.4.0
          ports: [{ containerPort: 3000 }]
          readinessProbe: { httpGet: { path: /ready, port: 3000 } }
---
kind: Service
metadata: { name: shop-web }
`;

interface Layout {
  readonly name: string;
  readonly files: Record<string, string>;
  /** What deploy.yaml has to come to. */
  readonly comes: object;
  /** Keys that are named as not found. */
  readonly lacks?: readonly string[];
  readonly notes?: readonly RegExp[];
  /** Lines that stand in it. */
  readonly says?: readonly string[];
}

const LAYOUTS: readonly Layout[] = [
  {
    name: "a small service in Node",
    files: {
      "package.json": packageJson({
        name: "@acme/Shop_API",
        scripts: { start: "node server.mjs", test: "vitest run" },
      }),
      "server.mjs": NODE_SERVER,
    },
    comes: {
      service: "shop-api",
      target: { kind: "sandbox", command: ["node", "server.mjs"], healthPath: "/healthz" },
      tests: { candidate: { command: ["npx", "vitest", "run", "--reporter=junit", "--outputFile={report}"] } },
      journeys: [{ steps: [{ path: "/" }] }],
      metrics: { source: "probes" },
    },
    lacks: ["metrics", "smoke.checks[0].expect.jsonVersion", "staging.load"],
  },
  {
    name: "nothing at all",
    files: {},
    comes: {
      service: "folder",
      target: { kind: "sandbox", command: ["./start"], healthPath: "/healthz" },
      instances: 2,
    },
    lacks: [
      "target.healthPath",
      "target.command",
      "metrics",
      "smoke.checks[0].expect.jsonVersion",
      "tests",
      "staging.load",
    ],
  },
  {
    name: "a start that needs a shell goes through npm",
    files: { "package.json": packageJson({ scripts: { start: "NODE_ENV=production node . | pino" } }) },
    comes: { target: { command: ["npm", "run", "--silent", "start"] } },
  },
  {
    name: "no start script, but a main",
    files: { "package.json": packageJson({ main: "lib/run.js" }) },
    comes: { target: { command: ["node", "lib/run.js"] } },
  },
  {
    name: "a file that is usually the entry",
    files: { "src/server.js": NODE_SERVER },
    comes: { target: { command: ["node", "src/server.js"] } },
  },
  {
    name: "jest",
    files: { "package.json": packageJson({ scripts: { test: "NODE_ENV=test jest --ci" } }) },
    comes: { tests: { candidate: { command: ["npx", "jest", "--json", "--outputFile={report}"] } } },
  },
  {
    name: "mocha as a dependency only",
    files: { "package.json": packageJson({ devDependencies: { mocha: "^12" } }) },
    comes: {
      tests: {
        candidate: { command: ["npx", "mocha", "--reporter", "xunit", "--reporter-option", "output={report}"] },
      },
    },
  },
  {
    name: "node:test with its own files and reporter",
    files: {
      "package.json": packageJson({
        scripts: { test: "npm run build && node --test --test-reporter=spec 'test/**/*.js'" },
      }),
    },
    comes: {
      tests: {
        candidate: {
          command: ["node", "--test", "--test-reporter=junit", "--test-reporter-destination={report}", "test/**/*.js"],
        },
      },
    },
  },
  {
    name: "Python with pytest and a Procfile",
    files: {
      Procfile: "release: ./migrate\nweb: gunicorn app:app --bind $HOST:$PORT\n",
      "requirements.txt": "flask\npytest\n",
      "app.py": 'PORT = os.environ["PORT"]\n@app.get("/health")\ndef health(): ...',
    },
    comes: {
      target: { command: ["sh", "-c", "exec gunicorn app:app --bind $HOST:$PORT"], healthPath: "/health" },
      tests: { candidate: { command: ["python3", "-m", "pytest", "--junitxml={report}"] } },
    },
  },
  {
    name: "reports that something else wrote",
    files: { "reports/junit.xml": '<?xml version="1.0"?><testsuites></testsuites>', "reports/pom.xml": "<project/>" },
    comes: { tests: { candidate: { reports: ["reports/junit.xml"] } } },
  },
  {
    name: "a metrics page whose names stand in the code",
    files: {
      "server.js": `${NODE_SERVER}\nif (url === "/metrics") page(\`http_requests_total{code="\${code}"} 1\`, "http_request_duration_seconds");`,
    },
    comes: {
      // Nobody is known to use it: until then probes measure, and the page stands in comments.
      metrics: { source: "probes" },
    },
    says: [
      "# metrics:",
      "#   path: /metrics # server.js",
      '#   requests: { name: http_requests_total, failed: { label: code, matches: "5.." } }',
      "#   latency: { name: http_request_duration_seconds, unit: s }",
    ],
  },
  {
    name: "a metrics page whose names are not known is not guessed",
    files: { "package.json": packageJson({ dependencies: { "prom-client": "^15" } }) },
    comes: { metrics: { source: "probes" } },
    lacks: [
      "target.healthPath",
      "target.command",
      "metrics",
      "smoke.checks[0].expect.jsonVersion",
      "tests",
      "staging.load",
    ],
  },
  {
    name: "a Dockerfile",
    files: {
      Dockerfile: `FROM node:20\nEXPOSE 3000\nHEALTHCHECK --interval=5s \\\n  CMD curl -f http://127.0.0.1:3000/up\nCMD ["node", "dist/main.js"]\n`,
    },
    comes: { target: { command: ["node", "dist/main.js"], healthPath: "/up" } },
  },
  {
    name: "a compose file beside a database",
    files: {
      "compose.yaml": `services:
  web: { build: ., command: node web.js, ports: ["3000:3000"], healthcheck: { test: [CMD, curl, "http://localhost:3000/alive"] } }
  db: { image: postgres:17 }
`,
    },
    comes: { target: { command: ["node", "web.js"], healthPath: "/alive" } },
    notes: [/compose\.yaml runs web/],
  },
  {
    name: "a compose file with two services of ours",
    files: { "docker-compose.yml": "services:\n  a: { build: a }\n  b: { build: b }\n" },
    comes: { target: { command: ["./start"] } },
    notes: [/builds a, b: one deploy\.yaml is for one of them/],
  },
  {
    name: "Kubernetes manifests",
    files: { "k8s/web.yaml": DEPLOYMENT, "package.json": packageJson({ scripts: { start: "node ." } }) },
    comes: {
      service: "shop",
      instances: 4,
      target: {
        kind: "command",
        production: true,
        routing: "by-replica",
        resolve: { command: ["node", "deploy/digest.mjs", "registry.example.com:5000/shop/web", "{version}"] },
        observe: { env: { SERVICE: "shop-web", PORT: "3000", HEALTH_PATH: "/ready" } },
      },
      approvals: { accept: ["terminal"] },
    },
  },
  {
    name: "two Deployments",
    files: { "k8s/a.yaml": DEPLOYMENT, "k8s/b.yaml": DEPLOYMENT },
    comes: { target: { kind: "sandbox" } },
    notes: [/k8s\/a\.yaml, k8s\/b\.yaml: one deploy\.yaml/],
  },
  {
    name: "files that cannot be read",
    files: { "package.json": "{", "compose.yaml": "services: [", "k8s.yaml": "kind: Deployment\nmetadata: [" },
    comes: { service: "folder", target: { kind: "sandbox" } },
    notes: [/package\.json cannot be read/, /compose\.yaml was not understood/],
  },
  {
    name: "a health path in the tests only",
    files: { "test/app.test.js": 'get("/healthz")' },
    comes: { target: { healthPath: "/healthz" } },
    lacks: [
      "target.healthPath",
      "target.command",
      "metrics",
      "smoke.checks[0].expect.jsonVersion",
      "tests",
      "staging.load",
    ],
  },
];

describe("a first deploy.yaml from what is there", () => {
  it.each(LAYOUTS)("$name", ({ files, comes, lacks, notes = [], says = [] }) => {
    const findings = findIn(new Map(Object.entries(files)), "folder");
    const proposal = propose(findings, undefined, targetFor(findings));
    expect(parseDeployConfig(proposal.text, "deploy.yaml")).toMatchObject(comes);
    if (lacks) expect(proposal.missing.map(({ key }) => key)).toEqual(lacks);
    expect(proposal.text.split("\n")).toEqual(expect.arrayContaining([...says]));
    for (const note of notes) expect(proposal.notes.join("\n")).toMatch(note);
    for (const { from } of proposal.taken) expect(from).not.toBe("");
    for (const { next } of proposal.missing) expect(proposal.text).toContain(`NOT FOUND: ${next}`.slice(0, 120));
  });

  it("says of labels that the cluster's Deployment is not taken over", () => {
    const text = (yaml: string) => propose(findIn(new Map([["k.yaml", yaml]]), "x"), undefined, "kubernetes").text;
    expect(text(DEPLOYMENT)).toContain("YOUR Deployment shop-web HAS NO SUCH LABELS");
    expect(text(DEPLOYMENT.replace("{ app: shop-web }", "{ app: shop-web, version: a }"))).not.toContain("HAS NO SUCH");
  });

  it("can be read back whatever the files hold", () => {
    const hostile = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("a # b", "'", "[x", "- y", "k: v", "{version}", "\n- z", "true", "1.10"),
    );
    fc.assert(
      fc.property(hostile, hostile, hostile, (name, word, path) => {
        const files = new Map([
          ["package.json", JSON.stringify({ name, main: word, scripts: { test: `node --test ${word}` } })],
          ["Dockerfile", `CMD ${JSON.stringify(["run", word])}\nHEALTHCHECK CMD curl http://x/${path}`],
          [`${path}.xml`, "<testsuite >"],
          ["k.yaml", DEPLOYMENT.replace("shop-web", JSON.stringify(word))],
        ]);
        const findings = findIn(files, name);
        for (const target of ["sandbox", "kubernetes"] as const) {
          const { text } = propose(findings, undefined, target);
          expect(parseDeployConfig(text, "deploy.yaml").service).toBe(findings.name.value);
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ["@acme/Shop_API", "shop-api"],
    ["--", "service"],
    ["Größe", "gr-e"],
    ["x".repeat(100), "x".repeat(63)],
  ])("makes a service name of %j", (given, name) => {
    expect(serviceName(given)).toBe(name);
  });
});
