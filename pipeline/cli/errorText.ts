import { JacoflowError } from "../../schemas/errors/error.js";
import { FileMistake } from "../file/mistake.js";

const indented = (text: string) => text.replaceAll(/^(?=.)/gm, "  ");

/** The errors in a thrown value: the members of an AggregateError, nested ones too, or the value itself. */
export function errorsIn(thrown: unknown): readonly unknown[] {
  return thrown instanceof AggregateError ? thrown.errors.flatMap(errorsIn) : [thrown];
}

/**
 * `error CODE place`, then the message, the code frame and the remedy. The place is `file:line:column` where the error
 * knows it. A stack is shown only for what is not a JacoflowError: that is a bug of ours.
 */
export function errorText(thrown: unknown): string {
  return errorsIn(thrown).map(oneErrorText).join("\n");
}

function oneErrorText(error: unknown): string {
  if (!(error instanceof JacoflowError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `error UNEXPECTED\n${indented(stack)}\n  This is a bug of jacoflow: please report it with the text above.\n`;
  }
  const place = placeOf(error);
  return [
    `error ${error.code}${place === undefined ? "" : ` ${place}`}`,
    indented(error.message),
    ...(error instanceof FileMistake && error.frame !== undefined ? [indented(error.frame)] : []),
    ...(error.remedy === undefined ? [] : [indented(error.remedy)]),
    "",
  ].join("\n");
}

function placeOf(error: JacoflowError): string | undefined {
  if (!(error instanceof FileMistake) || error.location === undefined) return error.place;
  const { file, line, column } = error.location;
  const at = `${file}:${line}:${column}`;
  return error.place === undefined ? at : `${at} ${error.place}`;
}

/** Exit code of design §6 for a thrown value: the one of its first JacoflowError; 1 for anything else. */
export function exitCodeOf(thrown: unknown): number {
  const errors = errorsIn(thrown);
  const first = errors.find((error) => error instanceof JacoflowError);
  return first === undefined || errors.some((error) => !(error instanceof JacoflowError))
    ? 1
    : first.exitCode;
}

/** An error as data, for `--json`. */
export function errorFacts(thrown: unknown): readonly Readonly<Record<string, unknown>>[] {
  return errorsIn(thrown).map((error) => {
    if (!(error instanceof JacoflowError)) {
      return { code: "UNEXPECTED", message: error instanceof Error ? error.message : String(error) };
    }
    return {
      code: error.code,
      kind: error.kind,
      message: error.message,
      ...(error.place === undefined ? {} : { place: error.place }),
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
      ...(error instanceof FileMistake && error.location !== undefined ? error.location : {}),
    };
  });
}
