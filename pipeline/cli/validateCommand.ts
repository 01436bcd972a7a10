import { commandLineErrors } from "../../schemas/errors/commandLine.js";
import { JacoflowError } from "../../schemas/errors/error.js";
import type { LoadedFile } from "../file/request.js";
import { defaultParent } from "../run/folder.js";
import { composition } from "./compose.js";
import { diagnostics, errorsIn, exitCodeOf, warningText } from "./errorText.js";
import { runsText } from "./matrix/runsText.js";
import { fileOf, type PipelineFlags } from "./pipelineFile.js";
import type { Terminal } from "./terminal.js";

export interface ValidateFlags extends PipelineFlags {
  readonly denyWarnings?: boolean | undefined;
  readonly format: "text" | "json";
}

/**
 * Checks a pipeline file, all its runs, and the world it names, without running anything. Resolves to 0, or with `--deny-warnings` to 78
 * where there is a warning. As JSON, everything found is one array on stdout, empty for a file that is right.
 */
export async function validateCommand(given: ValidateFlags, terminal: Terminal): Promise<number> {
  const flags = { ...given, out: given.out ?? defaultParent };
  if (flags.format === "json") return validateAsData(flags, terminal);
  const file = await fileOf(flags, composition());
  for (const warning of file.warnings) terminal.talk(`${warningText(warning, terminal.paint)}\n`);
  if (isDenied(file, flags)) throw commandLineErrors.warningsDenied(flags.file, file.warnings.length);
  const { pipeline } = file.runs[0];
  const stages = `${pipeline.stages.length} stage${pipeline.stages.length === 1 ? "" : "s"}`;
  const wires = `${pipeline.wires.length} edge${pipeline.wires.length === 1 ? "" : "s"}`;
  const runs = file.axes === undefined ? "" : `, ${file.runs.length} run${file.runs.length === 1 ? "" : "s"}`;
  terminal.out(`${flags.file} is right: ${stages}, ${wires}${runs}\n`);
  if (file.axes !== undefined) terminal.out(runsText(file));
  return 0;
}

async function validateAsData(flags: ValidateFlags, terminal: Terminal): Promise<number> {
  const write = (thrown: unknown, warnings: readonly JacoflowError[]) =>
    terminal.out(`${JSON.stringify(diagnostics(thrown, warnings), null, 2)}\n`);
  let file: LoadedFile;
  try {
    file = await fileOf(flags, composition());
  } catch (error) {
    if (!errorsIn(error).every((one) => one instanceof JacoflowError)) throw error;
    write(error, []);
    return exitCodeOf(error);
  }
  write(undefined, file.warnings);
  return isDenied(file, flags) ? deniedExitCode : 0;
}

const deniedExitCode = 78;

function isDenied(file: LoadedFile, flags: ValidateFlags): boolean {
  return flags.denyWarnings === true && file.warnings.length > 0;
}
