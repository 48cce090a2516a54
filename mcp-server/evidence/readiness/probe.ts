import { z } from "zod";
import type { HttpResponse } from "../../ports/index.ts";
import { durationMs, Instant, messageOf, quoteValue, sha256 } from "../../vocab/index.ts";
import { fillPlaceholders } from "../placeholders.ts";
import { valueAt } from "../smoke/answer.ts";
import { holds, StoredValue, storedValue } from "./condition.ts";
import type { FileCheck, HttpCheck } from "./config.ts";
import {
  ageOf,
  type CheckWorld,
  type Finding,
  fail,
  type JudgedBy,
  parseJson,
  pass,
  readWhole,
  restingOn,
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
  const { status, body } = response;
  const parsed = check.json && parseJson(body);
  const facts: HttpFacts = {
    status,
    body: world.redact(body),
    ...(check.bodyContains === undefined ? {} : { contains: body.includes(check.bodyContains) }),
    ...(check.json ? { isJson: parsed !== undefined } : {}),
    ...(check.json && parsed ? { found: storedValue(parsed.json, check.json, world) } : {}),
  };
  const evidence = { rawSha256: sha256(body), stored: facts, origin: "fetched" } as const;
  return restingOn(judgeHttp(check, facts, world), check.id, evidence);
}

/** An answer as it is stored and judged; the body is cut, so what was looked for in it is kept beside it. */
export const HttpFacts = z.object({
  status: z.number().int(),
  body: z.string(),
  contains: z.boolean().optional(),
  isJson: z.boolean().optional(),
  found: StoredValue.optional(),
});
type HttpFacts = z.infer<typeof HttpFacts>;

export function judgeHttp(
  check: z.infer<typeof HttpCheck>,
  { status, contains, isJson, found }: HttpFacts,
  by: Pick<JudgedBy, "redact">,
): Finding {
  if (status !== check.status) return fail(`status ${status}, expected ${check.status}`);
  if (check.bodyContains !== undefined && !contains) return fail(`the body lacks ${quoteValue(check.bodyContains)}`);
  if (!check.json) return pass(`status ${status}`);
  return isJson ? holds(found, check.json, by) : unknown("the answer is no JSON");
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
  const facts: FileFacts = {
    file: name,
    at,
    asked: world.clock.wall(),
    text: world.redact(file.text),
    ...(check.json ? { found: storedValue(parsed?.json, check.json, world) } : {}),
  };
  const evidence = { rawSha256: file.rawSha256, stored: facts, origin: "fetched" } as const;
  return restingOn(judgeFile(check, facts, world), check.id, evidence);
}

/** A file as it is stored and judged: of when it is, when it was looked at, and the value that was looked for. */
export const FileFacts = z.object({
  file: z.string(),
  at: Instant,
  asked: Instant,
  text: z.string(),
  found: StoredValue.optional(),
});
type FileFacts = z.infer<typeof FileFacts>;

export function judgeFile(
  check: z.infer<typeof FileCheck>,
  { file, at, asked, found }: FileFacts,
  by: Pick<JudgedBy, "redact">,
): Finding {
  const age = ageOf(at, check.maxAge, asked);
  if ("problem" in age) return unknown(`${file}: ${age.problem}`);
  const said = check.json ? holds(found, check.json, by) : pass(`${file} is there, of ${at}`);
  return { ...said, ...age };
}
