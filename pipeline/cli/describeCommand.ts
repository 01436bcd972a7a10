import { commandLineErrors } from "../../schemas/errors/commandLine.js";
import { composition } from "./compose.js";
import { stageText } from "./stageText.js";
import type { Terminal } from "./terminal.js";

/** Explains one stage. */
export async function describeCommand(
  given: { readonly stage: string },
  terminal: Terminal,
): Promise<number> {
  const { stages } = composition();
  const stage = stages.get(given.stage);
  if (stage === undefined) throw commandLineErrors.unknownStage(given.stage, [...stages.keys()]);
  terminal.out(stageText(stage, Math.min(100, terminal.columns())));
  return 0;
}
