import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { JacoflowError } from "../../schemas/errors/error.js";
import { environmentErrors } from "../../schemas/errors/pipeline.js";
import type { Problem } from "../graph/problem.js";
import type { ResolvedStage } from "../graph/resolved.js";
import type { EngineName } from "../stage.js";
import type { LoadRequest } from "./request.js";

/**
 * Makes what finds the files and the engine that are missing here. Nothing is written, and a file that several runs name
 * is looked at once.
 */
export function environmentChecks(
  { whyNotAvailable }: Pick<LoadRequest, "whyNotAvailable">,
  resolvePath: (path: string) => string,
): (stages: readonly ResolvedStage[], engine: EngineName | "auto") => Promise<readonly Problem[]> {
  const looked = new Map<string, Promise<readonly Problem[]>>();
  const lookOnce = (stage: ResolvedStage): Promise<readonly Problem[]> => {
    const key = JSON.stringify([stage.name, stage.uses, stage.options]);
    const found = looked.get(key) ?? fileProblems(stage, resolvePath);
    looked.set(key, found);
    return found;
  };
  return async (stages, engine) => {
    const found = await Promise.all([engineProblems(engine, whyNotAvailable), ...stages.map(lookOnce)]);
    return found.flat();
  };
}

/** What a stage's own check of its options finds. */
export function optionProblems({ name, definition, options }: ResolvedStage): readonly Problem[] {
  const place = `stages.${name}`;
  try {
    definition.checkOptions?.({ options, place });
    return [];
  } catch (error) {
    return problemsIn(error, place);
  }
}

async function fileProblems(
  { name, definition, options }: ResolvedStage,
  resolvePath: (path: string) => string,
): Promise<readonly Problem[]> {
  const place = `stages.${name}`;
  try {
    await definition.check?.({ options, place, resolvePath });
    return [];
  } catch (error) {
    return problemsIn(error, place);
  }
}

/** Errors of a stage at `place` where the file says what they are about, the stage itself where it does not. */
export function problemsIn(error: unknown, place: string): readonly Problem[] {
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  return errors.map((one) => {
    const known = one instanceof JacoflowError ? one : environmentErrors.checkFailed(place, one);
    const named = known.place?.startsWith(`${place}.`) === true ? known.place : place;
    // `stages.train.with.schedule[0]` and `stages.train.with.schedule.0` are the same place.
    return {
      error: known,
      path: named.replaceAll(/\[(\d+)\]/g, ".$1").split("."),
      ...(named === place ? { key: true as const } : {}),
    };
  });
}

function engineProblems(
  engine: EngineName | "auto",
  whyNotAvailable: LoadRequest["whyNotAvailable"],
): readonly Problem[] {
  const why = engine === "auto" ? undefined : whyNotAvailable?.(engine);
  return why === undefined
    ? []
    : [{ error: environmentErrors.engineUnavailable("engine", engine, why), path: ["engine"] }];
}

/**
 * Why a run folder cannot be made there, undefined when it can. It is made when a run starts: what is looked at is the
 * nearest folder above that exists.
 */
export async function runFolderError(folder: string): Promise<JacoflowError | undefined> {
  for (let at = resolve(folder); ; at = dirname(at)) {
    try {
      if (!(await stat(at)).isDirectory())
        return environmentErrors.outputFolder(folder, `${at} is not a folder`);
      await access(at, constants.W_OK | constants.X_OK);
      return undefined;
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      const absent = (code === "ENOENT" || code === "ENOTDIR") && dirname(at) !== at;
      if (!absent)
        return environmentErrors.outputFolder(folder, error instanceof Error ? error.message : String(error));
    }
  }
}
