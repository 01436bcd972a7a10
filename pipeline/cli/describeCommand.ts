import { commandLineErrors } from "../../schemas/errors/commandLine.js";
import { composition } from "./compose.js";
import { type PluginFlags, stagesWith } from "./plugins.js";
import { stageText } from "./stageText.js";
import type { Terminal } from "./terminal.js";

/** Explains one stage. */
export async function describeCommand(
  given: PluginFlags & { readonly stage: string },
  terminal: Terminal,
): Promise<number> {
  const stages = await stagesWith(given.plugins, composition());
  const stage = stages.get(given.stage);
  if (stage === undefined) throw commandLineErrors.unknownStage(given.stage, [...stages.keys()]);
  terminal.out(stageText(stage, Math.min(100, terminal.columns())));
  return 0;
}
