import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { mapOf } from "../../stages/sinks/report/tables.js";
import type { Wire } from "../graph/resolved.js";
import { runFiles } from "../run/folder.js";
import { isAtWork, ownerIn } from "../run/owner.js";
import type { EdgeNow, RunHead, RunState, StageNow } from "./protocol.js";

/** What run.json says, as a page shows it. */
export interface RecordedRun {
  readonly head: RunHead;
  readonly stages: readonly StageNow[];
  readonly edges: readonly EdgeNow[];
}

const text = (value: unknown, otherwise: string) => (typeof value === "string" ? value : otherwise);
const number = (value: unknown) => (typeof value === "number" ? value : null);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** run.json of a run folder; whatever is missing from it, or from a folder that has none, is left empty. */
export async function readRecordedRun(id: string, folder: string): Promise<RecordedRun> {
  const record = mapOf(await recordIn(folder));
  const pipeline = mapOf(record.pipeline);
  const stages = Object.entries(mapOf(pipeline.stages)).map(([name, stage]) => ({
    name,
    uses: text(mapOf(stage).uses, ""),
  }));
  const error = mapOf(record.error);
  const head: RunHead = {
    id,
    name: text(record.name, id),
    state: stateOf(record),
    seed: number(record.seed),
    started: text(record.started, ""),
    seconds: number(record.seconds),
    error:
      record.error === null || record.error === undefined
        ? null
        : { code: text(error.code, ""), message: text(error.message, "") },
    engine: text(mapOf(record.engine).name, text(mapOf(record.engine).wanted, "")),
    file: pipeline,
    classes: null,
    unreadable: [],
    stages,
  };
  return {
    head,
    stages: stages.map(({ name }) => stageNow(name, record, head.state)),
    edges: edgesOf(record),
  };
}

async function recordIn(folder: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(join(folder, runFiles.record), "utf8"));
  } catch {
    return undefined;
  }
}

function stateOf(record: Readonly<Record<string, unknown>>): RunState {
  switch (record.outcome) {
    case "done":
    case "failed":
    case "cancelled":
      return record.outcome;
    case "running": {
      const owner = ownerIn(record.process);
      return owner !== undefined && isAtWork(owner) ? "running" : "lost";
    }
    default:
      return "unknown";
  }
}

function stageNow(name: string, record: Readonly<Record<string, unknown>>, run: RunState): StageNow {
  const timing = list(record.stages)
    .map(mapOf)
    .find(({ stage }) => stage === name);
  const outcome = timing?.outcome;
  const ended = outcome === "done" || outcome === "failed" || outcome === "cancelled";
  const state = ended ? outcome : run === "running" ? "waiting" : "cancelled";
  return { stage: name, state, done: 0, total: 0, unit: "", rate: 0 };
}

function edgesOf(record: Readonly<Record<string, unknown>>): readonly EdgeNow[] {
  const isWire = (value: unknown) => {
    const { from, to } = mapOf(value);
    return [from, to].every((end) => typeof mapOf(end).stage === "string");
  };
  return (list(record.wires).filter(isWire) as readonly Wire[]).map(stillEdge);
}

/** A wire of which nothing is known but that it is there. */
export function stillEdge({ from, to, table, delivery, policy, capacity }: Wire): EdgeNow {
  const still = { depth: 0, maximumDepth: 0, sent: 0, waits: 0, drops: 0, rate: 0 };
  return { from, to, table, delivery, policy, capacity, ...still };
}

/** Reads what was appended to a file since the last call, in whole lines; at first no more than the last 256 KB. Nothing of one that is not there. */
export class Tail {
  readonly #path: string;
  #at = 0;

  constructor(path: string) {
    this.#path = path;
  }

  async lines(): Promise<readonly string[]> {
    const file = await open(this.#path, "r").catch(() => undefined);
    if (file === undefined) return [];
    try {
      const { size } = await file.stat();
      if (size === this.#at) return [];
      const first = this.#at === 0 || size < this.#at;
      const from = first ? Math.max(0, size - 262_144) : this.#at;
      const bytes = Buffer.alloc(Math.min(size - from, 4_194_304));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
      const end = bytes.lastIndexOf(10, bytesRead - 1) + 1;
      this.#at = from + end;
      const lines = bytes.toString("utf8", 0, end).split("\n").slice(0, -1);
      return from > 0 && first ? lines.slice(1) : lines;
    } finally {
      await file.close();
    }
  }
}
