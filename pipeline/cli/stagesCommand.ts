import { alignedColumns } from "./columns.js";
import { composition } from "./compose.js";
import { type PluginFlags, stagesWith } from "./plugins.js";
import type { Terminal } from "./terminal.js";

/** Lists the stages, one a line, by family; a replaced one with the name of the stage that stands in. */
export async function stagesCommand(given: PluginFlags, terminal: Terminal): Promise<number> {
  const stages = await stagesWith(given.plugins, composition());
  const lines = [...stages].map(([name, { name: own, summary }]) => [
    name,
    name === own ? summary : `${summary} (${own})`,
  ]);
  terminal.out(alignedColumns(lines));
  return 0;
}
