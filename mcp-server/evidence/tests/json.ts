import type { z } from "zod";
import type { TestRow } from "../../judge/tests/row.ts";
import { decodeText } from "./decode.ts";
import { capped } from "./junit-case.ts";
import type { Limits } from "./limits.ts";
import { type CaseSink, ReportDamage } from "./reader.ts";

/** The whole text of a JSON report, without lines that a runner printed before it. */
export async function wholeText(src: AsyncIterable<Uint8Array>, limits: Limits, sink: CaseSink): Promise<string> {
  const parts: string[] = [];
  let chars = 0;
  for await (const part of decodeText(src, sink.warning)) {
    chars += part.length;
    if (chars > limits.maxWholeFileBytes) {
      const most = Math.floor(limits.maxWholeFileBytes / 1024 ** 2);
      throw new ReportDamage(`a JSON report of more than ${most} MiB; write JUnit XML, which is read as a stream`);
    }
    parts.push(part);
  }
  return parts.join("");
}

/** The text from its first line that opens an object; what stands before it is reported. */
export function withoutLeadingLines(text: string, sink: CaseSink): string {
  const start = text.search(/^\{/m);
  if (start <= 0 || text.slice(0, start).trim() === "") return text;
  sink.warning({ code: "leading-noise", text: "text before the document was ignored", line: 1 });
  return text.slice(start);
}

/** A value of the given shape. `kind` names the report in the error, e.g. `Jest or Vitest`. */
export function parseReport<S extends z.ZodType>(text: string, schema: S, kind: string): z.infer<S> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = "it is not complete JSON, as after a crashed or interrupted run";
    throw new ReportDamage(reason, lineOfError(text, error));
  }
  return shaped(value, schema, kind);
}

/** The line at which a text stops being JSON; its last line when it just ends. */
function lineOfError(text: string, error: unknown): number {
  const position = / at position (\d+)/.exec(error instanceof Error ? error.message : "")?.[1];
  const end = position === undefined ? text.trimEnd().length : Number(position);
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < end; at = text.indexOf("\n", at + 1)) line += 1;
  return line;
}

/** The value, when it has the given shape. Only a plain path is quoted: names in a report are untrusted. */
export function shaped<S extends z.ZodType>(value: unknown, schema: S, kind: string): z.infer<S> {
  const report = schema.safeParse(value);
  if (report.success) return report.data;
  const place = report.error.issues[0]?.path.map(String).join(".") ?? "";
  throw new ReportDamage(`it is not a ${kind} report: ${/^[\w.]{1,80}$/.test(place) ? place : "its shape"} is wrong`);
}

/** Hands rows on within the limits, and counts them and those that fail. */
export function openRows(sink: CaseSink, limits: Limits) {
  const seen = { rows: 0, failing: 0 };
  return {
    seen,
    emit: (row: TestRow, line?: number) => {
      seen.rows += 1;
      if (seen.rows > limits.maxRows) throw new ReportDamage(`more than ${limits.maxRows} test cases`, line);
      for (const text of [row.name, row.file ?? "", row.classname ?? "", ...row.suite]) {
        if (text.length > limits.maxNameChars) {
          throw new ReportDamage(`a name of more than ${limits.maxNameChars} characters`, line);
        }
      }
      if (row.status === "failed" || row.status === "errored") seen.failing += 1;
      sink.row(row);
    },
  };
}

/** The parts of a row that a report may leave out, each only when it says something. */
export function optionalParts(
  row: Pick<TestRow, "status"> & { message?: string | undefined; durationMs?: number | null | undefined },
  limits: Limits,
): Pick<TestRow, "message" | "durationMs"> {
  const failing = row.status === "failed" || row.status === "errored";
  const message = failing && row.message ? capped(row.message.trim(), limits.maxMessageChars) : "";
  const { durationMs } = row;
  return {
    ...(typeof durationMs === "number" && durationMs >= 0 && Number.isFinite(durationMs) ? { durationMs } : {}),
    ...(message ? { message } : {}),
  };
}
