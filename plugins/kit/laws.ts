import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RecordBatch, Schema } from "apache-arrow";
import type { OutputPort, TableName } from "../../pipeline/stage.js";
import { JacoflowError } from "../../schemas/errors/error.js";
import { encodeArrow, schemaDifference } from "../../schemas/ipc.js";
import { tableNameOf } from "../../schemas/table.js";
import { type Bench, remade, TooLate } from "./bench.js";
import { sampleBatches } from "./samples.js";
import type { StageOutcome } from "./trial.js";

/** What is wrong with a stage by one law, in words that follow its name; undefined when nothing is. */
export type Law = (bench: Bench) => Promise<string | undefined>;

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
const failed = ({ error }: StageOutcome) => (error === undefined ? undefined : `it failed: ${textOf(error)}`);
const soon = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

const optionsDocumented: Law = async ({ stage }) => {
  const bare = Object.entries(
    stage.options.properties as Readonly<Record<string, { readonly description?: unknown }>>,
  ).filter(([, { description }]) => typeof description !== "string" || description.trim() === "");
  return bare.length === 0 ? undefined : `no description of ${bare.map(([name]) => name).join(", ")}`;
};

/** How a schema differs from the table's in names and types; sizes of fixed lists are a run's own. */
function tableDifference(found: Schema, table: TableName): string | undefined {
  const form = (schema: Schema) =>
    schema.fields.map(
      ({ name, type }) => `${name} ${String(type).replace(/^FixedSizeList\[\d+\]/, "FixedSizeList")}`,
    );
  const [wanted, got] = [form(sampleBatches(table)[0].schema), form(found)];
  if (wanted.join() !== got.join()) return `columns ${got.join(", ")}, not ${wanted.join(", ")}`;
  return found.metadata.get("jacoflow.version") === undefined ? "no metadata jacoflow.version" : undefined;
}

const portsHonoured: Law = async (bench) => {
  const outcome = await bench.run();
  if (outcome.error !== undefined) return failed(outcome);
  for (const [port, batches] of Object.entries(outcome.batches)) {
    const { table } = (bench.stage.outputs as Readonly<Record<string, OutputPort>>)[port];
    for (const { schema } of batches) {
      const found = tableNameOf(schema);
      if (found !== table) return `${port} is declared as ${table} and sent ${found ?? "what is no table"}`;
      const difference = tableDifference(schema, table) ?? schemaDifference(batches[0].schema, schema);
      if (difference !== undefined) return `${port} sent another schema: ${difference}`;
    }
  }
};

async function bytesOf({
  batches,
  runFolder,
}: StageOutcome & { readonly runFolder: string }): Promise<string> {
  const parts: string[] = [];
  for (const [port, sent] of Object.entries(batches)) {
    parts.push(port);
    for (const batch of sent) {
      parts.push(Buffer.concat(await encodeArrow(batch.schema, [batch], "stream")).toString("base64"));
    }
  }
  const files = (await readdir(runFolder, { recursive: true, withFileTypes: true })).filter((one) =>
    one.isFile(),
  );
  for (const path of files.map(({ parentPath, name }) => join(parentPath, name)).sort()) {
    parts.push(path.slice(runFolder.length), (await readFile(path)).toString("base64"));
  }
  return parts.join("\n");
}

const deterministic: Law = async (bench) => {
  const first = await bench.run();
  if (first.error !== undefined) return failed(first);
  const second = await bench.run();
  if ((await bytesOf(first)) !== (await bytesOf(second))) return "the same seed gave other bytes";
};

const bounded: Law = async (bench) => {
  const waiting = new Map<string, number>();
  let most: string | undefined;
  const onSend = async (port: string) => {
    const count = (waiting.get(port) ?? 0) + 1;
    waiting.set(port, count);
    if (count > 1) most ??= port;
    await soon(2);
    waiting.set(port, (waiting.get(port) as number) - 1);
  };
  const outcome = await bench.run({ onSend });
  if (most !== undefined) return `${most} sent a batch while the last one waited for its reader`;
  const left = [...waiting].find(([, count]) => count > 0);
  if (left !== undefined) return `it ended while a batch on ${left[0]} waited for its reader`;
  return failed(outcome);
};

const rejectsWhen = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });

const cancellable: Law = async (bench) => {
  const stop = new AbortController();
  const reason = new Error("stopped");
  const stopped = rejectsWhen(stop.signal);
  stopped.catch(() => undefined);
  const inputs = remade(bench, async function* (batches) {
    yield* batches;
    await stopped;
  });
  const timer = setTimeout(() => stop.abort(reason), 50);
  const onSend = () => {
    stop.abort(reason);
    return stopped;
  };
  try {
    await bench.run({ inputs, signal: stop.signal, onSend });
  } catch (error) {
    return `after an abort ${textOf(error)}`;
  } finally {
    clearTimeout(timer);
  }
};

const causes = (error: unknown): readonly unknown[] => {
  if (!(error instanceof Error)) return [error];
  const inner = error instanceof AggregateError ? error.errors : [];
  return [error, ...inner, ...(error.cause === undefined ? [] : causes(error.cause))];
};

const errorsSurface: Law = async (bench) => {
  const broken = new Error("broken");
  for (const name of bench.streams) {
    for (const at of bench.inputs[name].keys()) {
      const offers = bench.inputs[name].map((batches, offer) =>
        offer === at
          ? (async function* () {
              yield* batches.slice(0, 1);
              throw broken;
            })()
          : batches,
      );
      const { error } = await bench.run({ inputs: { ...bench.inputs, [name]: offers } });
      if (!causes(error).includes(broken)) return `it hid the failure of its input ${name}`;
    }
  }
  let sent: string | undefined;
  const onSend = (port: string) => {
    sent ??= port;
    throw broken;
  };
  const { error } = await bench.run({ onSend });
  if (sent !== undefined && !causes(error).includes(broken))
    return `it hid the failure of a reader of ${sent}`;
};

const noRowsLost: Law = async (bench) => {
  const outcome = await bench.run({ capacity: 1 });
  if (outcome.error !== undefined) return failed(outcome);
  for (const name of bench.streams) {
    for (const [at, batches] of bench.inputs[name].entries()) {
      const taken = outcome.delivered[name][at];
      if (taken !== batches.length) return `it took ${taken} of ${batches.length} batches of ${name}`;
    }
  }
};

const emptyInput: Law = async (bench) => {
  const { error } = await bench.run({ inputs: remade(bench, () => []) });
  if (error !== undefined && !(error instanceof JacoflowError)) {
    return `inputs without batches failed with an error that has no code: ${textOf(error)}`;
  }
};

/** An input ends only when all others are read: what a producer of both does whose edges are full. */
const readsTogether: Law = async (bench) => {
  let left = bench.streams.reduce((count, name) => count + bench.inputs[name].length, 0);
  if (left < 2) return undefined;
  let release: () => void = () => undefined;
  const everyOne = new Promise<void>((resolve) => {
    release = resolve;
  });
  const inputs = remade(bench, async function* (batches: readonly RecordBatch[]) {
    yield* batches;
    left -= 1;
    if (left === 0) release();
    await everyOne;
  });
  try {
    return failed(await bench.run({ inputs, capacity: 1 }));
  } catch (error) {
    if (!(error instanceof TooLate)) throw error;
    return "it waits for one input and leaves another unread";
  }
};

/** Every law of the kit by name, in the order in which they are tried. */
export const laws = {
  "options documented": optionsDocumented,
  "ports honoured": portsHonoured,
  "deterministic under a seed": deterministic,
  "bounded under a slow reader": bounded,
  cancellable,
  "errors surface": errorsSurface,
  "no rows lost": noRowsLost,
  "inputs may be empty": emptyInput,
  "inputs read together": readsTogether,
} as const satisfies Readonly<Record<string, Law>>;

export type LawName = keyof typeof laws;
