import { drawDot, drawMermaid } from "../graph/draw.js";
import { drawSvg } from "../graph/picture/svg.js";
import { composition } from "./compose.js";
import { type PipelineFlags, pipelineOf } from "./pipelineFile.js";
import type { Terminal } from "./terminal.js";

const drawings = { mermaid: drawMermaid, dot: drawDot, svg: drawSvg } as const;

/** Draws the graph of a pipeline file: stages as boxes, tables on the edges. */
export async function graphCommand(
  flags: PipelineFlags & { readonly format: keyof typeof drawings },
  terminal: Terminal,
): Promise<number> {
  terminal.out(drawings[flags.format](await pipelineOf(flags, composition())));
  return 0;
}
