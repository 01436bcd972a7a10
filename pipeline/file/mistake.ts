import { type ErrorKind, JacoflowError } from "../../schemas/errors/error.js";

/** A place in a pipeline file; line and column start at 1. */
export interface FileLocation {
  readonly file: string;
  readonly line: number;
  /** In UTF-16 code units, as editors count. */
  readonly column: number;
  /** Where it ends, exclusive; absent where the place is a point. */
  readonly endLine?: number;
  readonly endColumn?: number;
}

/** One mistake of a pipeline file: an error that knows where in the file it is. */
export class FileMistake extends JacoflowError {
  /** Undefined where no line of the file is to blame, as for a `--set` value. */
  readonly location: FileLocation | undefined;
  /** The lines around it with a caret below the place, without a trailing newline. */
  readonly frame: string | undefined;

  constructor(error: JacoflowError, location: FileLocation | undefined, frame: string | undefined) {
    super({
      code: error.code,
      kind: error.kind,
      message: error.message,
      ...(error.place === undefined ? {} : { place: error.place }),
      value: error.value,
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
      ...(error.suggestion === undefined ? {} : { suggestion: error.suggestion }),
      cause: error.cause,
    });
    this.location = location;
    this.frame = frame;
  }
}

/** Every mistake of a pipeline file at once. Its message is the whole text for a terminal. */
export class PipelineFileErrors extends AggregateError {
  declare readonly errors: FileMistake[];
  readonly kind: ErrorKind = "invalid";
  /** Design §6: anything `validate` can find. */
  readonly exitCode = 78;
  /** What is doubtful besides, as far as it could be told. */
  readonly warnings: readonly FileMistake[];

  constructor(mistakes: readonly FileMistake[], warnings: readonly FileMistake[] = []) {
    super(mistakes, mistakes.map(mistakeText).join("\n\n"));
    this.name = "PipelineFileErrors";
    this.warnings = warnings;
  }
}

/** `file:line:column: message [CODE]`, the code frame, and what to do about it. */
export function mistakeText(mistake: FileMistake): string {
  const { location } = mistake;
  const where = location === undefined ? "" : `${location.file}:${location.line}:${location.column}: `;
  const place = mistake.place === undefined ? "" : ` (${mistake.place})`;
  return [
    `${where}${mistake.message}${place} [${mistake.code}]`,
    ...(mistake.frame === undefined ? [] : [mistake.frame]),
    ...(mistake.remedy === undefined ? [] : [mistake.remedy]),
  ].join("\n");
}
