import { CommandFacts, judgeCommand } from "./command.ts";
import type { Finding, JudgedBy } from "./finding.ts";
import { judgeMetric, MetricFacts } from "./metric.ts";
import { judgeNpmAudit, NpmAuditFacts } from "./npm-audit.ts";
import { FileFacts, HttpFacts, judgeFile, judgeHttp } from "./probe.ts";
import type { MachineCheck } from "./run.ts";
import { judgeSarif, SarifFacts } from "./sarif.ts";
import { judgeSuites, TestsFacts } from "./suites.ts";

/** What a check says by the facts that it stored. Pure: the same that it said when it was made. Throws for what is no such facts. */
export function judgeFacts(check: MachineCheck, stored: unknown, by: JudgedBy): Finding {
  switch (check.kind) {
    case "command":
      return judgeCommand(CommandFacts.parse(stored));
    case "http":
      return judgeHttp(check, HttpFacts.parse(stored), by);
    case "file":
      return judgeFile(check, FileFacts.parse(stored), by);
    case "tests":
      return judgeSuites(check, TestsFacts.parse(stored));
    case "sarif":
      return judgeSarif(check, SarifFacts.parse(stored), by);
    case "npm-audit":
      return judgeNpmAudit(check, NpmAuditFacts.parse(stored), by);
    case "metric":
      return judgeMetric(check, MetricFacts.parse(stored));
    default:
      return check satisfies never;
  }
}
