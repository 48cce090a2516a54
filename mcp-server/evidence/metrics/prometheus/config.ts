import { z } from "zod";
import { Duration } from "../../../vocab/index.ts";

const EnvName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "expected the name of an environment variable");
const Matchers = z.string().min(1).max(2_000);

/** How a Prometheus server lets us in. Secrets are named by the variable that holds them and stand nowhere else. */
export const PrometheusAuth = z.union([
  z.strictObject({ bearerEnv: EnvName.describe("variable that holds a bearer token") }),
  z.strictObject({ user: z.string().min(1), passwordEnv: EnvName.describe("variable that holds the password") }),
]);
export type PrometheusAuth = z.infer<typeof PrometheusAuth>;

/** Section `metrics.prometheus` of deploy.yaml. */
export const PrometheusConfig = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).describe("of the server, without /api/v1; a path before it is kept"),
  auth: PrometheusAuth.optional().describe(
    "`bearerEnv`, or `user` and `passwordEnv`: names of variables, never secrets",
  ),
  headers: z.record(z.string(), z.string()).default({}).describe("sent with every query, e.g. X-Scope-OrgID"),
  preset: z.string().optional().describe("ready-made names and labels of a mesh, ingress or gateway, e.g. istio"),
  with: z
    .record(z.string().regex(/^[a-zA-Z][a-zA-Z0-9]*$/), z.string().min(1))
    .default({})
    .describe("values of the preset's placeholders, e.g. namespace"),
  match: Matchers.optional().describe(
    'label matchers of one version\'s series, e.g. job="shop",version="{version}"; replaces the preset\'s',
  ),
  old: Matchers.optional().describe("further matchers for the version that runs now, where no label names versions"),
  new: Matchers.optional().describe("further matchers for the version that is released"),
  instance: z.string().min(1).optional().describe("label that tells instances apart; default pod, else instance"),
  history: Duration.default("60m").describe("how far back the production baseline reads; at most 24h"),
});
export type PrometheusConfig = z.infer<typeof PrometheusConfig>;
