import { pipelineSchema } from "../file/schema.js";
import { composition } from "./compose.js";
import { type PluginFlags, stagesWith } from "./plugins.js";
import type { Terminal } from "./terminal.js";

/** Writes the JSON Schema of pipeline files to stdout, for editors. */
export async function schemaCommand(given: PluginFlags, terminal: Terminal): Promise<number> {
  const parts = composition();
  const stages = await stagesWith(given.plugins, parts);
  terminal.out(`${JSON.stringify(pipelineSchema(stages, parts.engines), null, 2)}\n`);
  return 0;
}
