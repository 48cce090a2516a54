// The least that any reader of these files has to do: look at every byte. Finds `<testcase`, gives no names.
import { createReadStream } from "node:fs";

const MARK = Buffer.from("<testcase");

export async function read(file, add) {
  let cases = 0;
  let tail = Buffer.alloc(0);
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    const bytes = Buffer.concat([tail, chunk]);
    for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + MARK.length)) cases += 1;
    tail = bytes.subarray(Math.max(0, bytes.length - MARK.length + 1));
  }
  add(`${cases} cases`, "passed");
}
