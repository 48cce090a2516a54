import { TargetError } from "../target/target.ts";
import { FlowError } from "../vocab/index.ts";
import { quoted } from "./quoted.ts";

/** What a person asked of the target and could not get: in the words of the target, with its next step. */
export async function orTargetFailure<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    throw new FlowError({ code: "target", what: quoted(error), next: error.next, cause: error });
  }
}

/** The same for looking up a version: one that does not exist is a slip of whoever asked, not of the target. */
export async function orNoSuchVersion<T>(work: Promise<T>, version: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    throw new FlowError({
      code: error.retryable ? "target" : "usage",
      what: `version ${version} cannot be deployed`,
      found: quoted(error),
      next: error.next,
      cause: error,
    });
  }
}
