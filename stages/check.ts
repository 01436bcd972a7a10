import { JacoflowError } from "../schemas/errors/error.js";

/**
 * Runs all checks and throws what they found: one JacoflowError as itself, several as an AggregateError, so that
 * `validate` reports every mistake at once. Anything else is thrown as it comes.
 */
export async function collectErrors(checks: readonly (() => void | Promise<void>)[]): Promise<void> {
  const errors: JacoflowError[] = [];
  for (const check of checks) {
    try {
      await check();
    } catch (error) {
      const found = error instanceof AggregateError ? error.errors : [error];
      for (const one of found) {
        if (!(one instanceof JacoflowError)) throw error;
        errors.push(one);
      }
    }
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, errors.map(({ message }) => message).join("\n"));
}
