import { JacoflowError } from "../schemas/errors/error.js";

/** Throws nothing for no error, one error as itself, several as an AggregateError: `validate` reports all at once. */
export function throwAll(errors: readonly JacoflowError[]): void {
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, errors.map(({ message }) => message).join("\n"));
}

/** Runs all checks and throws every JacoflowError of theirs by {@link throwAll}. Anything else is thrown as it comes. */
export async function runAll(checks: readonly (() => Promise<void>)[]): Promise<void> {
  const errors: JacoflowError[] = [];
  for (const check of checks) {
    try {
      await check();
    } catch (error) {
      if (!(error instanceof JacoflowError)) throw error;
      errors.push(error);
    }
  }
  throwAll(errors);
}
