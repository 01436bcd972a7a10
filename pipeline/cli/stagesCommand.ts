import { alignedColumns } from "./columns.js";
import { composition } from "./compose.js";
import type { Terminal } from "./terminal.js";

/** Lists the stages, one a line, by family. */
export async function stagesCommand(terminal: Terminal): Promise<number> {
  const stages = [...composition().stages.values()];
  terminal.out(alignedColumns(stages.map((stage) => [stage.name, stage.summary])));
  return 0;
}
