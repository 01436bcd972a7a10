import type { JacoflowError } from "../../schemas/errors/error.js";
import type { Stage } from "../stage.js";

/** Keys and positions from the top of a pipeline file. */
export type Path = readonly (string | number)[];

/** A mistake and what part of the file is to blame: the value at `path`, or with `key` its key. */
export interface Problem {
  readonly error: JacoflowError;
  readonly path: Path;
  readonly key?: true;
  /** Whether the value is not to be shown, nor the line it stands in: then no mistake shows lines of the file. */
  readonly hidden?: true;
}

/** A stage whose declaration is not known, with its `from` as the file has it. */
export interface UndeclaredStage {
  readonly name: string;
  readonly from: unknown;
}

/** A stage whose declaration is known, with its `from` as the file has it. */
export interface UnwiredStage {
  readonly name: string;
  readonly uses: string;
  readonly definition: Stage;
  readonly from: unknown;
}
