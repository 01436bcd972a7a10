import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createEngine } from "../../engine/engines.js";
import { atLeast, largestDifference } from "../bars.js";
import { loaded, resnet20 } from "../cases.js";
import { type Context, withNative } from "../context.js";
import { flopsOf } from "../flops.js";
import { countAsOurs, inTurn, ratioOf, timed } from "../measure.js";

const repository = join(dirname(fileURLToPath(import.meta.url)), "../..");
const commandLine = join(repository, "dist/pipeline/cli/main.js");

/** The native engine against TensorFlow.js on WebAssembly: the quickstart, and rows of ResNet20. */
export async function javascriptPart(context: Context): Promise<void> {
  await quickstart(context);
  const outputs = 3;
  const one = resnet20(context.images, outputs, 16);
  const flops = flopsOf(one.network, outputs);
  const useful = one.features.rows * (flops.forward + flops.backward);
  const wasm = await createEngine("wasm");
  try {
    await withNative(context.threads, async (native) => {
      const wasmModel = await loaded(wasm.open(one.network), one);
      const nativeModel = await loaded(native.open(one.network), one);
      const [theirs, ours] = [await wasmModel.rows(one.features), await nativeModel.rows(one.features)];
      const comparison = await inTurn(
        [
          { name: "native", run: () => timed(() => nativeModel.rows(one.features)) },
          { name: "wasm", run: () => timed(() => wasmModel.rows(one.features)) },
        ],
        context,
      );
      context.keep("rows, wasm", { useful, ...comparison });
      context.report({
        figure: "rows on the wasm engine, ResNet20, K = 3",
        bar: atLeast(15),
        measured: useful / comparison.seconds[1] / 1e9,
        unit: "GFLOP/s",
        agreement: {
          difference: largestDifference(theirs.values, ours.values),
          tolerance: 1e-3,
          what: "rows of 16 images, of the largest entry",
        },
        note: `native ${(useful / comparison.seconds[0] / 1e9).toFixed(0)} GFLOP/s, ${ratioOf(comparison, 1, 0).toFixed(1)}× as fast`,
      });
    });
  } finally {
    await wasm.close();
  }
}

async function quickstart(context: Context): Promise<void> {
  const figure = "native against tfjs-wasm on the quickstart";
  if (!existsSync(commandLine)) {
    context.report({ figure, bar: atLeast(4), measured: undefined, unit: "×", note: "dist is not built" });
    return;
  }
  let runs = 0;
  const run = async (engine: string) => {
    runs += 1;
    const out = join(context.folder, `quickstart-${runs}`);
    return timed(() => runCommandLine(engine, out));
  };
  const comparison = await inTurn(
    [
      { name: "native", run: () => run("native") },
      { name: "wasm", run: () => run("wasm") },
    ],
    { rounds: Math.min(3, context.rounds), patience: context.patience },
  );
  context.keep("quickstart", comparison);
  context.report({
    figure,
    bar: atLeast(4),
    measured: ratioOf(comparison, 1, 0),
    unit: "×",
    note: `whole runs from the command line: ${comparison.seconds.map((seconds) => `${seconds.toFixed(2)} s`).join(" against ")}`,
  });
}

function runCommandLine(engine: string, out: string): Promise<void> {
  const file = join(repository, "examples/quickstart.yaml");
  const child = spawn(process.execPath, [commandLine, "run", file, "--engine", engine, "--out", out, "-q"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (child.pid !== undefined) countAsOurs(child.pid);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`the quickstart on ${engine} ended with ${code}`)),
    );
  });
}
