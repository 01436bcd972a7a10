// `npm run bench`: our engines and, where bench/peers/setup made an environment, the peers, in turn in one run.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import yargs from "yargs";
import { loadBinding } from "../engine/native/binding.js";
import { atLeast, type Finding, verdictOf } from "./bars.js";
import { imageSource } from "./cases.js";
import type { Context, Part } from "./context.js";
import { clock } from "./measure.js";
import { checkpointsPart } from "./parts/checkpoints.js";
import { durabilityPart } from "./parts/durability.js";
import { fusedPart } from "./parts/fused.js";
import { javascriptPart } from "./parts/javascript.js";
import { kernelPart } from "./parts/kernel.js";
import { memoryPart } from "./parts/memory.js";
import { rivalsPart } from "./parts/rivals.js";
import { rowsPart } from "./parts/rows.js";
import { runtimePart } from "./parts/runtime.js";
import { scalePart } from "./parts/scale.js";
import { sinksPart } from "./parts/sinks.js";
import { spectrumPart } from "./parts/spectrum.js";
import { sweepPart } from "./parts/sweep.js";
import { trainingPart } from "./parts/training.js";
import { warmPart } from "./parts/warm.js";
import { startPeer } from "./peer.js";
import { findingsTable } from "./table.js";

const parts: Readonly<Record<string, Part>> = {
  sweep: sweepPart,
  rows: rowsPart,
  spectrum: spectrumPart,
  training: trainingPart,
  fused: fusedPart,
  scale: scalePart,
  warm: warmPart,
  javascript: javascriptPart,
  rivals: rivalsPart,
  kernel: kernelPart,
  sinks: sinksPart,
  checkpoints: checkpointsPart,
  runtime: runtimePart,
  memory: memoryPart,
  durability: durabilityPart,
};

const given = await yargs(process.argv.slice(2))
  .scriptName("npm run bench --")
  .usage(`$0 [parts..]\n\nParts: ${Object.keys(parts).join(", ")}. Default: all.`)
  .options({
    cifar10: {
      type: "string",
      default: process.env.JACOFLOW_CIFAR10,
      describe: "Folder of CIFAR-10's binary version (also JACOFLOW_CIFAR10); without it images are made up",
    },
    threads: {
      type: "number",
      default: clock === "cpu" ? 1 : availableParallelism(),
      describe: "Threads of ours, and the most a peer may take",
    },
    rounds: { type: "number", default: 5, describe: "Rounds a median is taken of" },
    patience: {
      type: "number",
      default: 20,
      describe: "Seconds to wait before a round for other programs to be quiet",
    },
    only: {
      type: "string",
      array: true,
      default: [] as string[],
      describe: "Cases of a part to measure again, by name (sinks); the others stay as they were",
    },
    out: { type: "string", describe: "Result file; default bench/results/<parts or all>.json" },
    peers: {
      type: "boolean",
      default: true,
      describe: "Run the peers that bench/peers/setup made",
    },
  })
  .strictOptions()
  .parseAsync();

const chosen = given._.length === 0 ? Object.keys(parts) : given._.map(String);
for (const name of chosen) {
  if (!Object.hasOwn(parts, name))
    throw new Error(`no part "${name}"; there are ${Object.keys(parts).join(", ")}`);
}

const here = dirname(fileURLToPath(import.meta.url));
const file = given.out ?? join(here, "results", `${given._.length === 0 ? "all" : chosen.join("-")}.json`);
const folder = mkdtempSync(join(tmpdir(), "jacoflow-bench-"));
const start = (kind: "python" | "javascript") => (given.peers ? startPeer(kind) : "left out by --no-peers");
const peer = await start("python");
const javascript = await start("javascript");
const { name: imagesName, images } = imageSource(given.cifar10);
const findings: Finding[] = [];
const details: Record<string, unknown> = {};
const say = (text: string) => process.stderr.write(`${text}\n`);
const context: Context = {
  images,
  imageFolder: given.cifar10,
  peer,
  javascript,
  folder,
  only: given.only,
  resultFile: file,
  threads: given.threads,
  rounds: given.rounds,
  patience: given.patience,
  report: (finding) => findings.push(finding),
  keep: (name, detail) => {
    details[name] = detail;
  },
  say,
};

const binding = await loadBinding();
const machine = {
  processor: cpus()[0]?.model ?? "unknown",
  cores: availableParallelism(),
  threads: given.threads,
  clock,
  instructions: binding.instructions,
  node: process.version,
  images: imagesName,
  loadAverageBefore: loadavg()[0],
  peers: typeof peer === "string" ? peer : peer.versions,
  javascriptPeers: typeof javascript === "string" ? javascript : javascript.versions,
};
say(JSON.stringify(machine));
try {
  for (const name of chosen) {
    say(`bench: ${name} (load ${loadavg()[0].toFixed(1)})`);
    try {
      await parts[name](context);
    } catch (error) {
      const note = error instanceof Error ? error.message : String(error);
      say(`${name} failed: ${error instanceof Error ? error.stack : note}`);
      findings.push({ figure: name, measured: Number.NaN, bar: atLeast(0), unit: "×", note });
    }
  }
} finally {
  for (const side of [peer, javascript]) if (typeof side !== "string") side.close();
  rmSync(folder, { recursive: true, force: true });
}

const { version } = JSON.parse(readFileSync(join(here, "../package.json"), "utf8")) as { version: string };
const result = {
  jacoflow: version,
  date: new Date().toISOString(),
  machine: { ...machine, loadAverageAfter: loadavg()[0] },
  findings: findings.map((finding) => ({ ...finding, verdict: verdictOf(finding) })),
  details,
};
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
process.stdout.write(`${findingsTable(findings)}\n`);
say(`written to ${file}`);
const failed = findings.filter((finding) => ["FAIL", "wrong"].includes(verdictOf(finding)));
process.exitCode = failed.length === 0 ? 0 : 1;
