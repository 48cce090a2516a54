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
  let ofSuites = 0;
  let shown = 0;
  let inCase = 0;
  return {
    root: (name: string, attributes: Attributes) => {
      const counts = attributes.failures !== undefined || attributes.errors !== undefined;
      if (name === "testsuites" && counts) ofRoot = failuresOf(attributes);
    },
    /** A suite that no other suite encloses: those inside of it are counted again. */
    suite: (attributes: Attributes) => {
      ofSuites += failuresOf(attributes);
    },
    openCase: () => {
      inCase = 0;
    },
    element: (name: string) => {
      if (!ATTEMPT.test(name)) return;
      shown += 1;
      inCase += 1;
    },
    /** Some tools say in an attribute that a case failed. */
    closeCase: (failing: boolean) => {
      if (failing && inCase === 0) shown += 1;
    },
    /** Whether a failure is counted that is not shown. */
    unshown: () => (ofRoot ?? ofSuites) > shown,
  };
}

function failuresOf({ failures, errors }: Attributes): number {
  return countOf(failures) + countOf(errors);
}

function countOf(text: string | undefined): number {
  const count = Number(text);
  return count > 0 && Number.isSafeInteger(count) ? count : 0;
}
