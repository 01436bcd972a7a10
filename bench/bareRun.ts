import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type RecordBatch, Table } from "apache-arrow";
import { from } from "rxjs";
import type { Engine } from "../engine/engine.js";
import type { ResolvedPipeline, ResolvedStage } from "../pipeline/graph/resolved.js";
import { stageSeed } from "../pipeline/run/seed.js";
import { type BatchStore, noJournal, type StageContext } from "../pipeline/stage.js";

/** What a stage sent, by `stage.port`. */
type Sent = Map<string, RecordBatch[]>;

function inputs(pipeline: ResolvedPipeline, { name, definition }: ResolvedStage, sent: Sent) {
  return Object.fromEntries(
    Object.entries(definition.inputs).map(([port, { delivery, many }]) => {
      const ends = pipeline.wires
        .filter(({ to }) => to.stage === name && to.port === port)
        .map((wire) => {
          const origin = { ...wire.from, table: wire.table };
          const batches = sent.get(`${wire.from.stage}.${wire.from.port}`) ?? [];
          if (delivery === "whole") return { origin, table: new Table(batches) };
          return Object.assign(from(batches), {
            origin,
            forEach: async (handle: (batch: RecordBatch) => unknown) => {
              for (const batch of batches) await handle(batch);
            },
            async *[Symbol.asyncIterator]() {
              yield* batches;
            },
          });
        });
      return [port, many ? ends : ends[0]];
    }),
  );
}

function held(): BatchStore {
  const kept: RecordBatch[] = [];
  return {
    append: async (batch) => void kept.push(batch),
    get length() {
      return kept.length;
    },
    async *[Symbol.asyncIterator]() {
      yield* kept;
    },
  };
}

/**
 * The stages of a pipeline called one after the other, each with all that those before it sent: the same work as a run,
 * without edges, life cycle, log, progress and record.
 */
export async function runBare(
  pipeline: ResolvedPipeline,
  runFolder: string,
  createEngine: () => Promise<Engine>,
  memoryLimit: number,
): Promise<void> {
  mkdirSync(runFolder, { recursive: true });
  const { signal } = new AbortController();
  const sent: Sent = new Map();
  let engine: Promise<Engine> | undefined;
  const ignore = () => undefined;
  for (const name of pipeline.order) {
    const stage = pipeline.stages.find((one) => one.name === name)!;
    const outputs = Object.fromEntries(
      Object.keys(stage.definition.outputs).map((port) => {
        const batches: RecordBatch[] = [];
        sent.set(`${name}.${port}`, batches);
        return [port, { send: async (batch: RecordBatch) => void batches.push(batch), sent: 0 }];
      }),
    );
    const stores = new Map<string, BatchStore>();
    const context: StageContext<never> = {
      stage: name,
      options: stage.options as never,
      seed: (purpose) => stageSeed(pipeline.seed, name, purpose),
      signal,
      engine: () => {
        engine ??= createEngine();
        return engine;
      },
      resolvePath: (path) => join(pipeline.folder, path),
      runFolder,
      checkpointFolder: join(runFolder, "checkpoints", name),
      journal: async () => noJournal,
      memoryLimit,
      run: { name: pipeline.name, seed: pipeline.seed, file: pipeline.document, stopping: signal },
      store: (purpose) => {
        const store = stores.get(purpose) ?? held();
        stores.set(purpose, store);
        return store;
      },
      log: ignore,
      progress: ignore,
    };
    await stage.definition.run(inputs(pipeline, stage, sent) as never, outputs, context);
  }
  await (await engine)?.close();
}
