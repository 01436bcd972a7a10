import { JacoflowError } from "../../schemas/errors/error.js";
import { printable } from "../file/codeFrame.js";
import { FileMistake, PipelineFileErrors } from "../file/mistake.js";
import { type Paint, plain } from "./paint.js";

const indented = (text: string) => text.replaceAll(/^(?=.)/gm, "  ");

/** The errors in a thrown value: the members of an AggregateError, nested ones too, or the value itself. */
export function errorsIn(thrown: unknown): readonly unknown[] {
  return thrown instanceof AggregateError ? thrown.errors.flatMap(errorsIn) : [thrown];
}

/**
 * `error CODE place`, then the message, the code frame and the remedy. The place is `file:line:column` where the error
 * knows it. A stack is shown only for what is not a JacoflowError: that is a bug of ours.
 */
export function errorText(thrown: unknown, paint: Paint = plain): string {
  const warnings = thrown instanceof PipelineFileErrors ? thrown.warnings : [];
  return [
    ...errorsIn(thrown).map((error) => oneErrorText(error, paint)),
    ...warnings.map((warning) => warningText(warning, paint)),
  ].join("\n");
}

/** The same of a warning: `warning CODE place` and so on. */
export function warningText(warning: JacoflowError, paint: Paint = plain): string {
  return diagnosticText("warning", warning, paint);
}

function oneErrorText(error: unknown, paint: Paint): string {
  if (!(error instanceof JacoflowError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `${paint.error("error")} ${paint.strong("UNEXPECTED")}\n${indented(stack)}\n  This is a bug of jacoflow: please report it with the text above.\n`;
  }
  return diagnosticText("error", error, paint);
}

function diagnosticText(severity: "error" | "warning", error: JacoflowError, paint: Paint): string {
  const place = placeOf(error);
  return [
    `${paint[severity](severity)} ${paint.strong(error.code)}${place === undefined ? "" : ` ${printable(place)}`}`,
    indented(printable(error.message)),
    ...(error instanceof FileMistake && error.frame !== undefined
      ? [indented(paintedFrame(error.frame, paint[severity], paint))]
      : []),
    ...(error.remedy === undefined ? [] : [indented(printable(error.remedy))]),
    "",
  ].join("\n");
}

/** The line in question stands out, the caret has the colour of its severity, the rest is faint. */
function paintedFrame(frame: string, mark: Paint["error"], { strong, faint }: Paint): string {
  const painted = frame.split("\n").map((line) => {
    const caret = /^( +\| *)\^$/.exec(line);
    if (caret !== null) return `${faint(caret[1])}${mark("^")}`;
    return line.startsWith(">") ? strong(line) : faint(line);
  });
  return painted.join("\n");
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

type Facts = Readonly<Record<string, unknown>>;

/** An error as data, for `--json`. */
export function errorFacts(thrown: unknown): readonly Facts[] {
  return errorsIn(thrown).map(factsOf);
}

/** What is wrong and what is doubtful as data, for `validate --format json`. */
export function diagnostics(thrown: unknown, warnings: readonly JacoflowError[]): readonly Facts[] {
  const errors = thrown === undefined ? [] : errorsIn(thrown);
  const more = thrown instanceof PipelineFileErrors ? thrown.warnings : [];
  return [
    ...errors.map((error) => ({ severity: "error", ...factsOf(error), ...valueFacts(error) })),
    ...[...more, ...warnings].map((one) => ({ severity: "warning", ...factsOf(one), ...valueFacts(one) })),
  ];
}

function factsOf(error: unknown): Facts {
  if (!(error instanceof JacoflowError)) {
    return { code: "UNEXPECTED", message: error instanceof Error ? error.message : String(error) };
  }
  return {
    code: error.code,
    kind: error.kind,
    message: error.message,
    ...(error.place === undefined ? {} : { place: error.place }),
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    ...(error.suggestion === undefined ? {} : { suggestion: error.suggestion }),
    ...(error instanceof FileMistake && error.location !== undefined ? error.location : {}),
  };
}

const valueLength = 1000;

/** The offending value, where JSON can say it in a few lines. */
function valueFacts(error: unknown): Facts {
  if (!(error instanceof JacoflowError) || error.value === undefined) return {};
  const text = JSON.stringify(error.value);
  return text === undefined || text.length > valueLength ? {} : { value: error.value };
}
