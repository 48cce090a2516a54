import { once } from "node:events";
import { createReadStream } from "node:fs";
import sax from "sax";

const STATUS = { error: "errored", failure: "failed", skipped: "skipped" };

export async function read(file, add) {
  const stream = sax.createStream(true, { position: false });
  let id;
  let status;
  stream.on("opentag", ({ name, attributes }) => {
    if (name === "testcase") {
      id = `${attributes.classname}#${attributes.name}`;
      status = "passed";
    } else if (id !== undefined && STATUS[name]) status = STATUS[name];
  });
  stream.on("closetag", (name) => {
    if (name !== "testcase") return;
    add(id, status);
    id = undefined;
  });
  createReadStream(file).pipe(stream);
  await once(stream, "end");
}
