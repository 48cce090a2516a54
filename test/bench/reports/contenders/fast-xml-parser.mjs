import { readFileSync } from "node:fs";
import { XMLParser } from "fast-xml-parser";

const LISTS = new Set(["testsuite", "testcase"]);

export async function read(file, add) {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: "",
    parseAttributeValue: false,
    parseTagValue: false,
    isArray: (name) => LISTS.has(name),
    // Its limit of expansions refuses reports with more than a thousand `&lt;`.
    processEntities: {
      enabled: true,
      maxTotalExpansions: Number.MAX_SAFE_INTEGER,
      maxExpandedLength: Number.MAX_SAFE_INTEGER,
    },
  });
  const { testsuites } = parser.parse(readFileSync(file, "utf8"));
  for (const suite of testsuites.testsuite) {
    for (const one of suite.testcase) {
      const status =
        one.error !== undefined
          ? "errored"
          : one.failure !== undefined
            ? "failed"
            : one.skipped !== undefined
              ? "skipped"
              : "passed";
      add(`${one.classname}#${one.name}`, status);
    }
  }
}
