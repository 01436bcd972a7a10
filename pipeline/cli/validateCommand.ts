import { composition } from "./compose.js";
import { type PipelineFlags, pipelineOf } from "./pipelineFile.js";
import type { Terminal } from "./terminal.js";

/** Checks a pipeline file and the data it names, without running anything. */
export async function validateCommand(flags: PipelineFlags, terminal: Terminal): Promise<number> {
  const pipeline = await pipelineOf(flags, composition());
  for (const warning of pipeline.warnings) terminal.talk(`warning: ${warning}\n`);
  const stages = `${pipeline.stages.length} stage${pipeline.stages.length === 1 ? "" : "s"}`;
  const wires = `${pipeline.wires.length} edge${pipeline.wires.length === 1 ? "" : "s"}`;
  terminal.out(`${flags.file} is right: ${stages}, ${wires}\n`);
  return 0;
}
