import { arch, availableParallelism, cpus, platform, release } from "node:os";
import type { EngineName } from "../../engine/engine.js";
import { alignedColumns } from "./columns.js";
import { type Composition, composition } from "./compose.js";
import { defaultMemoryLimit, memoryText } from "./memorySize.js";
import type { Terminal } from "./terminal.js";
import { versionsHere } from "./versions.js";

/**
 * Shows what a run would use here and why, and the versions that shape its numbers. With `--build` the native engine is
 * built first; the exit code is 1 when that left none.
 */
export async function doctorCommand(
  flags: { readonly build?: boolean | undefined },
  terminal: Terminal,
): Promise<number> {
  const parts = composition();
  if (flags.build === true) await parts.buildNativeEngine();
  const choice = parts.explainEngineChoice();
  terminal.out(
    alignedColumns([
      ["engine", choice.name],
      ["why", choice.reason],
      ["threads", `${choice.threads} of the machine's ${availableParallelism()}`],
      ["memory", `${memoryText(defaultMemoryLimit())} a run unless --memory says otherwise`],
      ["machine", `${cpus()[0]?.model ?? "unknown processor"}, ${platform()} ${release()} ${arch()}`],
    ]),
  );
  terminal.out(`\nengines\n${alignedColumns(engineLines(parts, choice.name))}`);
  terminal.out(`\nversions\n${alignedColumns(Object.entries(versionsHere()).map((row) => ["", ...row]))}`);
  return flags.build === true && choice.name !== "native" ? 1 : 0;
}

/** What each engine is, as far as a file may name it. */
const engineSummaries: Readonly<Record<EngineName, string>> = {
  native: "C++ on every core",
  "tensorflow-gpu": "TensorFlow.js on libtensorflow for CUDA",
  tensorflow: "TensorFlow.js on libtensorflow, every core",
  wasm: "TensorFlow.js on WebAssembly",
  cpu: "TensorFlow.js in plain JavaScript: the same numbers, far slower; to compare against",
};

function engineLines(parts: Composition, chosen: EngineName): readonly (readonly string[])[] {
  return parts.engines.map((name) => {
    const missing = parts.whyNotAvailable(name);
    if (missing !== undefined) return ["", name, `not available: ${missing}`];
    return ["", name, `${engineSummaries[name]}${name === chosen ? " (auto takes this one)" : ""}`];
  });
}
