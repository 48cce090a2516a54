import { z } from "zod";

/** A path on the service under test, so that a check can never be led to another host. */
export const UrlPath = z
  .string()
  .regex(/^\/(?!\/)\S*$/, "expected a path that starts with one slash and has no white space")
  .describe("path on the service, starting with /");

/** What an answer must be for a smoke check or a step of a journey to pass. */
export const SmokeExpectation = z.strictObject({
  status: z.number().int().min(100).max(599).default(200),
  bodyContains: z.string().min(1).optional().describe("text that the body must contain"),
  jsonVersion: z.string().min(1).optional().describe("dotted path into the JSON body; its value must be the version"),
  headerVersion: z.string().min(1).optional().describe("response header whose value must be the version"),
});
export type SmokeExpectation = z.infer<typeof SmokeExpectation>;

/** Where a value that is used later stands in an answer. */
export const Remembered = z.union([
  z.string().min(1).describe("dotted path into the JSON answer"),
  z.strictObject({ header: z.string().min(1) }).describe("a response header"),
  z.strictObject({ cookie: z.string().regex(/^[^\s=;,"]+$/, "expected the name of a cookie") }).describe("a cookie"),
]);
export type Remembered = z.infer<typeof Remembered>;

/** One request and what its answer must be. */
export const HttpStep = z.strictObject({
  method: z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]).default("GET"),
  path: UrlPath,
  headers: z.record(z.string(), z.string()).default({}),
  body: z.string().optional(),
  expect: SmokeExpectation.prefault({}),
  remember: z
    .record(z.string().regex(/^[a-zA-Z][a-zA-Z0-9]*$/), Remembered)
    .default({})
    .describe("name: where the value stands in the answer; later requests write {name} in path, headers or body"),
});
export type HttpStep = z.infer<typeof HttpStep>;

/** One request that takes something away again. */
export const CleanupStep = z.strictObject({
  method: HttpStep.shape.method.removeDefault().default("DELETE"),
  path: UrlPath,
  headers: HttpStep.shape.headers,
  body: HttpStep.shape.body,
  status: SmokeExpectation.shape.status,
});
export type CleanupStep = z.infer<typeof CleanupStep>;

/** Names of environment variables that requests may contain as {env:NAME}. */
export const PassEnv = z
  .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "expected the name of an environment variable"))
  .default([])
  .describe("environment variables that may be used as {env:NAME}; their values are never stored or quoted");

/** The names that `{env:NAME}` asks for in a request. */
export function envNames({ path, headers, body }: Pick<HttpStep, "path" | "headers" | "body">): string[] {
  const texts = [path, ...Object.values(headers), body ?? ""];
  return texts.flatMap((text) => [...text.matchAll(/\{env:([A-Za-z_][A-Za-z0-9_]*)\}/g)].map(([, name]) => name ?? ""));
}
