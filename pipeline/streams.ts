import type { RecordBatch } from "apache-arrow";
import { Observable, type OperatorFunction } from "rxjs";
import { runErrors } from "../schemas/errors/pipeline.js";
import type { InputStream, OutputStream } from "./stage.js";

/** Input streams have a method of this name: the next batch waits for `work`, however far down a pipe it is done. */
export const holdDelivery = Symbol("jacoflow.holdDelivery");

export interface HoldsDelivery {
  [holdDelivery](work: Promise<unknown>): void;
}

function holdsDelivery(candidate: unknown): candidate is HoldsDelivery {
  return typeof candidate === "object" && candidate !== null && holdDelivery in candidate;
}

/** The input stream a pipe starts from, by the chain RxJS operators leave. */
function rootOf(source: Observable<unknown>): HoldsDelivery | undefined {
  let link: unknown = source;
  while (link instanceof Observable) {
    if (holdsDelivery(link)) return link;
    link = link.source;
  }
  return undefined;
}

/**
 * An operator that handles one value after the other and lets the input deliver its next batch only when the handling
 * is done: what `concatMap` looks like, without its unbounded queue. Emits what `handle` resolves to, in order.
 * Must stand in a pipe of operators that begins at an input stream; `INPUT_NOT_FOUND` otherwise (after `merge`, say:
 * put it before).
 */
export function inTurn<T, R>(handle: (value: T) => R | Promise<R>): OperatorFunction<T, R> {
  return (source) => {
    const root = rootOf(source);
    if (root === undefined) throw runErrors.inputNotFound();
    const turns = new Observable<R>((subscriber) => {
      let last: Promise<void> = Promise.resolve();
      const upstream = source.subscribe({
        next: (value) => {
          last = last.then(async () => {
            if (subscriber.closed) return;
            try {
              subscriber.next(await handle(value));
            } catch (error) {
              subscriber.error(error);
            }
          });
          root[holdDelivery](last);
        },
        error: (error) => subscriber.error(error),
        complete: () => {
          void last.then(() => subscriber.complete());
        },
      });
      return upstream;
    });
    // A later inTurn of the same pipe finds the input through this one.
    const hold: HoldsDelivery = { [holdDelivery]: (work) => root[holdDelivery](work) };
    return Object.assign(turns, hold);
  };
}

/** Sends what `map` makes of every batch, in order; nothing for undefined. Resolves when the input has ended. */
export function mapBatches(
  input: InputStream,
  output: OutputStream,
  map: (batch: RecordBatch) => RecordBatch | undefined | Promise<RecordBatch | undefined>,
): Promise<void> {
  return input.forEach(async (batch) => {
    const made = await map(batch);
    if (made !== undefined) await output.send(made);
  });
}

/** Resolves to fold(… fold(fold(initial, first), second) …, last) when the input has ended. */
export async function foldBatches<A>(
  input: InputStream,
  initial: A,
  fold: (accumulated: A, batch: RecordBatch) => A | Promise<A>,
): Promise<A> {
  let accumulated = initial;
  await input.forEach(async (batch) => {
    accumulated = await fold(accumulated, batch);
  });
  return accumulated;
}

/** Sends every batch of a generator, drawing the next one only when there is room for it. */
export async function produceBatches(
  output: OutputStream,
  batches: Iterable<RecordBatch> | AsyncIterable<RecordBatch>,
): Promise<void> {
  for await (const batch of batches) await output.send(batch);
}
