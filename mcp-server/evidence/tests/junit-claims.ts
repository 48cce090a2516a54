import type { TestStatus } from "../../judge/tests/row.ts";
import type { Attributes } from "./xml.ts";

/** Elements that stand for one failing attempt each. */
const ATTEMPT = /^(?:failure|error|flakyFailure|flakyError|rerunFailure|rerunError)$/;

/**
 * Compares the failures that a JUnit document counts with those that it shows. The counts decide nothing else, because
 * tools count in different ways; but a document that counts more than it shows left one out. gotestsum does so with a
 * package that did not build.
 */
export function openClaims() {
  let ofRoot: number | undefined;
  let ofComments: number | undefined;
  let ofSuites = 0;
  let shown = 0;
  let failing = 0;
  let failingSuites = 0;
  const failingBefore: number[] = [];
  let inCase = 0;
  return {
    root: (name: string, attributes: Attributes) => {
      const counts = attributes.failures !== undefined || attributes.errors !== undefined;
      if (name === "testsuites" && counts) ofRoot = failuresOf(attributes);
    },
    openSuite: (attributes: Attributes) => {
      // Suites inside of others are counted there again.
      if (failingBefore.length === 0) ofSuites += failuresOf(attributes);
      failingBefore.push(failing);
    },
    closeSuite: () => {
      if (failing > (failingBefore.pop() ?? failing)) failingSuites += 1;
    },
    openCase: () => {
      inCase = 0;
    },
    element: (name: string) => {
      if (!ATTEMPT.test(name)) return;
      shown += 1;
      inCase += 1;
    },
    closeCase: (status: TestStatus) => {
      // Some tools say in an attribute that a case failed; and a test that is to do fails without being counted.
      const failed = status === "failed" || status === "errored";
      if (failed) failing += 1;
      if (failed && inCase === 0) shown += 1;
      if (status === "skipped") shown -= inCase;
    },
    /** node:test counts in comments at the end, also tests that only failed for a test inside of them. */
    comment: (text: string) => {
      const counted = /^ (?:fail|cancelled) (\d{1,9}) $/.exec(text)?.[1];
      if (counted !== undefined) ofComments = (ofComments ?? 0) + Number(counted);
    },
    /** Whether a failure is counted that is not shown. */
    unshown: () => (ofComments === undefined ? (ofRoot ?? ofSuites) > shown : ofComments > shown + failingSuites),
  };
}

function failuresOf({ failures, errors }: Attributes): number {
  return countOf(failures) + countOf(errors);
}

function countOf(text: string | undefined): number {
  const count = Number(text);
  return count > 0 && Number.isSafeInteger(count) ? count : 0;
}
