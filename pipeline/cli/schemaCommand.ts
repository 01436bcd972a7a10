import { pipelineSchema } from "../file/schema.js";
import { composition } from "./compose.js";
import type { Terminal } from "./terminal.js";

/** Writes the JSON Schema of pipeline files to stdout, for editors. */
export async function schemaCommand(terminal: Terminal): Promise<number> {
  const { stages, engines } = composition();
  terminal.out(`${JSON.stringify(pipelineSchema(stages.values(), engines), null, 2)}\n`);
  return 0;
}
