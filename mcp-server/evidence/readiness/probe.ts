import type { z } from "zod";
import type { HttpResponse } from "../../ports/index.ts";
import { durationMs, Instant, messageOf, quoteValue, sha256 } from "../../vocab/index.ts";
import { fillPlaceholders } from "../placeholders.ts";
import { valueAt } from "../smoke/answer.ts";
import { holds } from "./condition.ts";
import type { FileCheck, HttpCheck } from "./config.ts";
import {
  ageOf,
  type CheckWorld,
  type Finding,
  type FoundEvidence,
  fail,
  parseJson,
  pass,
  readWhole,
  unknown,
} from "./finding.ts";

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** Failures of the machine that asks: they say nothing about the one that is asked. */
const OUR_OWN = new Set([
  "EMFILE",
  "ENFILE",
  "EADDRNOTAVAIL",
  "ENOBUFS",
  "ENOMEM",
  "EACCES",
  "EPERM",
  "ENETUNREACH",
  "EAI_AGAIN",
]);

/** One HTTP request. What does not answer, or not as expected, fails; a request that we could not make says nothing. */
export async function checkHttp(
  check: z.infer<typeof HttpCheck>,
  world: CheckWorld,
  signal: AbortSignal,
): Promise<Finding> {
  let response: HttpResponse;
  try {
    response = await world.http.send({
      url: check.url,
      headers: check.headers,
      timeoutMs: durationMs(check.timeout),
      maxBytes: MAX_ANSWER_BYTES,
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    const code = (error as { code?: unknown }).code;
    if (typeof code === "string" && OUR_OWN.has(code)) return unknown(`this machine could not ask: ${code}`);
    return fail(`no answer: ${world.redact(messageOf(error), 200)}`);
  }
  const evidence: FoundEvidence[] = [
    {
      name: `readiness/${check.id}`,
      rawSha256: sha256(response.body),
      stored: { status: response.status, body: world.redact(response.body) },
      origin: "fetched",
    },
  ];
  if (response.status !== check.status)
    return fail(`status ${response.status}, expected ${check.status}`, { evidence });
  if (check.bodyContains !== undefined && !response.body.includes(check.bodyContains))
    return fail(`the body lacks ${quoteValue(check.bodyContains)}`, { evidence });
  if (!check.json) return pass(`status ${response.status}`, { evidence });
  const parsed = parseJson(response.body);
  if (!parsed) return unknown("the answer is no JSON", { evidence });
  return { ...holds(parsed.json, check.json, world), evidence };
}

/** A file that is there, young enough and says what it has to. */
export function checkFile(check: z.infer<typeof FileCheck>, world: CheckWorld): Finding {
  const values = { version: world.version, previousVersion: world.previousVersion };
  const name = fillPlaceholders(check.file, values, `readiness.checks ${check.id}`);
  const file = readWhole(name, world);
  if ("problem" in file) return unknown(file.problem);
  const parsed = check.json || check.dated ? parseJson(file.text) : undefined;
  if ((check.json || check.dated) && !parsed) return unknown(`${name} is no JSON`);
  const at = check.dated === undefined ? file.mtime : Instant.safeParse(valueAt(parsed?.json, check.dated)).data;
  if (at === undefined) return unknown(`${name} has no time at ${check.dated}`);
  const evidence: FoundEvidence[] = [
    {
      name: `readiness/${check.id}`,
      rawSha256: file.rawSha256,
      stored: { file: name, at, text: world.redact(file.text) },
      origin: "fetched",
    },
  ];
  const age = ageOf(at, check.maxAge, world.clock.wall());
  if ("problem" in age) return unknown(`${name}: ${age.problem}`, { evidence });
  const found = check.json ? holds(parsed?.json, check.json, world) : pass(`${name} is there, of ${at}`);
  return { ...found, ...age, evidence };
}
