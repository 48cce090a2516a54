import { csvRows } from "./csv.ts";
import { count, isFailedStatus, LoadDamage, type LoadReader, measured } from "./reader.ts";
import { RequestLog } from "./windows.ts";

const HEADER = "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset";

/** `hey -o csv`: a line per answered request, in seconds. */
export const hey: LoadReader = {
  tool: "hey",
  sniff: (head) => head.startsWith(HEADER),
  read: async (file) => {
    const log = new RequestLog();
    for await (const { cells, number } of csvRows(file)) {
      if (number === 1) continue;
      if (cells.length !== 8) throw new LoadDamage("a line has not the eight columns of hey", number);
      const status = count(cells[6], "the status", number);
      log.add({
        at: measured(cells[7], "the offset", number) * 1000,
        failed: isFailedStatus(status),
        latencyMs: measured(cells[0], "the response time", number) * 1000,
      });
    }
    return {
      tool: hey.tool,
      windows: log.windows(),
      points: [],
      blindFor: "hey leaves requests without an answer out of its CSV: their number is not known",
    };
  },
};
