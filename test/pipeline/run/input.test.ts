import type { RecordBatch } from "apache-arrow";
import { filter, lastValueFrom, map, merge, take, toArray } from "rxjs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Breather } from "../../../pipeline/run/breather.js";
import { Edge } from "../../../pipeline/run/edge.js";
import { Input } from "../../../pipeline/run/input.js";
import { inTurn } from "../../../pipeline/stage.js";
import { numberBatch, numberOf, pause } from "../../support/pipelines.js";

const test = suite("pipeline/run/input");

/** An edge with its input, and a producer that counts the batches alive between send and the end of handling. */
function stand(capacity: number, count: number) {
  const edge = new Edge(
    {
      from: { stage: "a", port: "metrics" },
      to: { stage: "b", port: "metrics" },
      table: "metrics",
      delivery: "stream",
      capacity,
      policy: "block",
    },
    new Breather(),
  );
  const uncaught: unknown[] = [];
  const input = new Input(edge, (error) => uncaught.push(error));
  const counter = { alive: 0, most: 0 };
  const produce = async () => {
    for (let number = 0; number < count; number += 1) {
      counter.alive += 1;
      counter.most = Math.max(counter.most, counter.alive);
      await edge.push(numberBatch(number));
    }
    edge.end();
  };
  const handle = async (batch: RecordBatch): Promise<number> => {
    await pause(0);
    counter.alive -= 1;
    return numberOf(batch);
  };
  return { edge, input, counter, uncaught, produce, handle };
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

test("forEach awaits its handler before the next batch and resolves after the last", async () => {
  const { input, counter, produce, handle } = stand(3, 30);
  const numbers: number[] = [];
  void produce();
  await input.forEach(async (batch) => {
    numbers.push(await handle(batch));
  });
  assert.equal(numbers, upTo(30));
  assert.is(counter.most, 3);
});

test("subscribe awaits the promise of a plain function", async () => {
  const { input, counter, produce, handle } = stand(2, 20);
  let working = 0;
  await new Promise<void>((resolve) => {
    input.subscribe({
      next: async (batch) => {
        working += 1;
        assert.is(working, 1, "one at a time");
        await handle(batch);
        working -= 1;
      },
      complete: resolve,
    });
    void produce();
  });
  assert.is(counter.most, 2);
});

test("async iteration counts a batch as handled when the loop asks for the next", async () => {
  const { input, counter, produce, handle } = stand(1, 20);
  void produce();
  const numbers: number[] = [];
  for await (const batch of input) numbers.push(await handle(batch));
  assert.equal(numbers, upTo(20));
  assert.is(counter.most, 1);
});

test("leaving the loop early lets the producer finish", async () => {
  const { input, produce } = stand(1, 20);
  const producing = produce();
  for await (const batch of input) if (numberOf(batch) === 3) break;
  await producing;
});

test("inTurn keeps the bound behind operators, twice in a pipe as well", async () => {
  const { input, counter, produce, handle } = stand(2, 30);
  void produce();
  const numbers = await lastValueFrom(
    input.pipe(
      filter(() => true),
      inTurn(handle),
      map((number) => number * 2),
      inTurn(async (number) => {
        await pause(0);
        return number / 2;
      }),
      toArray(),
    ),
  );
  assert.equal(numbers, upTo(30));
  assert.is(counter.most, 2);
});

test("inTurn in each pipe before merge keeps the bound, after merge it says so", async () => {
  const left = stand(1, 10);
  const right = stand(1, 10);
  void left.produce();
  void right.produce();
  const merged = merge(left.input.pipe(inTurn(left.handle)), right.input.pipe(inTurn(right.handle)));
  assert.is((await lastValueFrom(merged.pipe(toArray()))).length, 20);
  assert.is(Math.max(left.counter.most, right.counter.most), 1);
  const other = stand(1, 1);
  assert.throws(
    () =>
      merge(other.input, stand(1, 1).input)
        .pipe(map((batch) => batch))
        .pipe(inTurn(() => 0)),
    (error: { code: string }) => error.code === "INPUT_NOT_FOUND",
  );
});

test("a plain function at the end of a pipe is awaited too, by subscribe and by forEach", async () => {
  const first = stand(2, 20);
  await new Promise<void>((resolve) => {
    const piped = first.input.pipe(
      map((batch) => batch),
      filter(() => true),
    );
    piped.subscribe({
      next: async (batch) => {
        await first.handle(batch);
      },
      complete: resolve,
    });
    void first.produce();
  });
  assert.is(first.counter.most, 2);
  const second = stand(3, 20);
  void second.produce();
  const numbers: number[] = [];
  await second.input.pipe(map((batch) => batch)).forEach(async (batch) => {
    numbers.push(await second.handle(batch));
  });
  assert.equal(numbers, upTo(20));
  assert.is(second.counter.most, 3);
});

test("an error nobody handles at the end of a pipe is the stage's, never the process's", async () => {
  const error = new Error("nobody's");
  const inOperator = stand(1, 3);
  inOperator.input
    .pipe(
      map(() => {
        throw error;
      }),
    )
    .subscribe();
  await inOperator.produce();
  const inFunction = stand(1, 3);
  inFunction.input.pipe(map(numberOf)).subscribe(async () => {
    throw error;
  });
  await inFunction.produce();
  const upstream = stand(1, 0);
  upstream.input.pipe(map(numberOf)).subscribe(() => undefined);
  upstream.edge.fail(error);
  const direct = stand(1, 0);
  direct.input.subscribe(() => undefined);
  direct.edge.fail(error);
  await pause(5);
  for (const { uncaught } of [inOperator, inFunction, upstream, direct]) assert.equal(uncaught, [error]);
});

test("an error in inTurn ends the pipe with it", async () => {
  const { input, produce } = stand(2, 10);
  const producing = produce();
  const error = new Error("third");
  const failed = lastValueFrom(
    input.pipe(
      inTurn((batch) => {
        if (numberOf(batch) === 2) throw error;
      }),
    ),
  );
  assert.is(await failed.catch((reason) => reason), error);
  await producing;
});

test("a pipe that has enough leaves, and the producer goes on alone", async () => {
  const { input, produce } = stand(1, 50);
  const producing = produce();
  const numbers = await lastValueFrom(input.pipe(map(numberOf), take(3), toArray()));
  assert.equal(numbers, [0, 1, 2]);
  await producing;
});

test("unsubscribing ends delivery without complete", async () => {
  const { input, produce } = stand(1, 50);
  const numbers: number[] = [];
  let completed = false;
  const subscription = input.subscribe({
    next: (batch) => {
      numbers.push(numberOf(batch));
      if (numbers.length === 2) subscription.unsubscribe();
    },
    complete: () => {
      completed = true;
    },
  });
  await produce();
  await pause(5);
  assert.equal(numbers, [0, 1]);
  assert.not(completed);
});

test("what a subscribed function throws goes to the runtime and the producer goes on", async () => {
  const { input, produce, uncaught } = stand(1, 5);
  const error = new Error("handler");
  input.subscribe(async () => {
    throw error;
  });
  await produce();
  assert.equal(uncaught, [error]);
});

test("what a forEach handler throws rejects it and the producer goes on", async () => {
  const { input, produce, uncaught } = stand(1, 5);
  const producing = produce();
  const error = new Error("handler");
  const failed = input.forEach(() => {
    throw error;
  });
  assert.is(await failed.catch((reason) => reason), error);
  await producing;
  assert.equal(uncaught, []);
});

test("a failure of the stream reaches every way of reading", async () => {
  const error = new Error("upstream");
  const readers: ((input: Input) => Promise<unknown>)[] = [
    (input) => input.forEach(() => {}),
    (input) => lastValueFrom(input.pipe(map(numberOf))),
    async (input) => {
      for await (const batch of input) numberOf(batch);
    },
    (input) => new Promise((_, reject) => input.subscribe({ error: reject })),
  ];
  for (const read of readers) {
    const { input, edge } = stand(2, 0);
    edge.push(numberBatch(0));
    const reading = read(input).catch((reason) => reason);
    await pause(1);
    edge.fail(error);
    assert.is(await reading, error);
  }
});

test("an input is read once", async () => {
  const { input } = stand(1, 0);
  void input.forEach(() => {});
  assert.throws(
    () => input.subscribe(() => undefined),
    (error: { code: string }) => error.code === "INPUT_READ_TWICE",
  );
});

test.run();
