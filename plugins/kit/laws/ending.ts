import type { RecordBatch } from "apache-arrow";
import { JacoflowError } from "../../../schemas/errors/error.js";
import { type Bench, deadline, remade, TooLate } from "../bench.js";
import type { StageTrial } from "../trial.js";
import { type Law, textOf } from "./law.js";

/** How soon a stage has to end once its signal has aborted, unless a whole trial has less. */
const secondsToEnd = 2;

const rejectsWhen = (signal: AbortSignal) => {
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  stopped.catch(() => undefined);
  return stopped;
};

/** Runs the stage until `change` or the time aborts it; what is wrong is that it ends too late after that. */
async function aborted(
  bench: Bench,
  milliseconds: number,
  change: (stopped: Promise<never>, abort: () => void) => StageTrial,
): Promise<string | undefined> {
  const bound = Math.min(secondsToEnd, bench.seconds);
  const stop = new AbortController();
  const stopped = rejectsWhen(stop.signal);
  const late = deadline();
  let since: number | undefined;
  const abort = () => {
    if (since !== undefined) return;
    since = performance.now();
    late.start(bound, `it did not end within ${bound} s`);
    stop.abort(new Error("stopped"));
  };
  const due = performance.now() + milliseconds;
  const timer = setTimeout(abort, milliseconds);
  const running = bench.run({ signal: stop.signal, ...change(stopped, abort) });
  running.catch(() => undefined);
  try {
    await Promise.race([running, late.passed]);
  } catch (error) {
    if (!(error instanceof TooLate)) throw error;
    return `after an abort ${error.message}`;
  } finally {
    clearTimeout(timer);
    late.stop();
  }
  // What holds the thread lets no timer through, so the time itself counts, from when the abort was due.
  const seconds = (performance.now() - Math.min(since ?? due, due)) / 1000;
  return seconds > bound
    ? `after an abort it went on for ${seconds.toFixed(1)} s, more than ${bound} s`
    : undefined;
}

/** Aborted while it waits for a batch or a reader, and in the middle of what it computes. */
export const cancellable: Law = async (bench) => {
  const waiting = await aborted(bench, 50, (stopped, abort) => ({
    inputs: remade(bench, async function* (batches: readonly RecordBatch[]) {
      yield* batches;
      await stopped;
    }),
    onSend: () => {
      abort();
      return stopped;
    },
  }));
  if (waiting !== undefined) return waiting;
  const { milliseconds } = await bench.usual();
  return aborted(bench, milliseconds / 2, () => ({}));
};

const causes = (error: unknown): readonly unknown[] => {
  if (!(error instanceof Error)) return [error];
  const inner = error instanceof AggregateError ? error.errors : [];
  return [error, ...inner, ...(error.cause === undefined ? [] : causes(error.cause))];
};

export const errorsSurface: Law = async (bench) => {
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

/** Codes that tell of a mistake in a stage, never of one in what a stage was given. */
const ownFaults = new Set([
  ...["COLUMN_LENGTH", "COLUMN_TYPE", "MISSING_COLUMN", "EMPTY_SNAPSHOT", "NATIVE_CLOSED"],
  ...["NATIVE_INVALID_ARGUMENT", "INPUT_READ_TWICE", "INPUT_NOT_FOUND"],
]);

/** What is wrong with an error as an answer to what a stage was given; undefined when it is one to act upon. */
function uselessness(error: unknown): string | undefined {
  if (error instanceof AggregateError)
    return error.errors.map(uselessness).find((reason) => reason !== undefined);
  if (!(error instanceof JacoflowError)) return `an error that has no code: ${textOf(error)}`;
  if (!/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(error.code))
    return `the code "${error.code}", which is not LIKE_THIS`;
  if (ownFaults.has(error.code)) return `a fault of its own, ${textOf(error)}`;
  if (error.remedy === undefined) return `${error.code}, which does not say what to do`;
}

export const emptyInput: Law = async (bench) => {
  const { error } = await bench.run({ inputs: remade(bench, () => []) });
  if (error === undefined) return undefined;
  const reason = uselessness(error);
  return reason === undefined ? undefined : `inputs without batches failed with ${reason}`;
};
