import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Policy, Wire } from "../../../pipeline/graph/resolved.js";
import { Breather } from "../../../pipeline/run/breather.js";
import { Edge } from "../../../pipeline/run/edge.js";
import { SpillingStore } from "../../../pipeline/run/store.js";
import { numberBatch, numberOf, pause, withFolder } from "../../support/pipelines.js";

const test = suite("pipeline/run/edge");

const wireOf = (capacity: number, policy: Policy): Wire => ({
  from: { stage: "a", port: "metrics" },
  to: { stage: "b", port: "metrics" },
  table: "metrics",
  delivery: "stream",
  capacity,
  policy,
});
const makeEdge = (capacity: number, policy: Policy) => new Edge(wireOf(capacity, policy), new Breather());

async function readAll(edge: Edge, handle: (number: number) => unknown = () => undefined): Promise<number[]> {
  const numbers: number[] = [];
  for (let batch = await edge.take(); batch !== undefined; batch = await edge.take()) {
    numbers.push(numberOf(batch));
    await handle(numberOf(batch));
  }
  return numbers;
}

const delay = (ticks: number) => (ticks === 0 ? undefined : ticks > 4 ? pause(1) : Promise.resolve());
const delays = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 20 });
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

test("under block nothing is lost, order is kept and no more than the capacity is alive", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 0, max: 60 }),
      delays,
      delays,
      async (capacity, count, producing, reading) => {
        const edge = makeEdge(capacity, "block");
        let alive = 0;
        let most = 0;
        const read = readAll(edge, async (number) => {
          await delay(reading[number % reading.length]);
          alive -= 1;
        });
        for (const number of upTo(count)) {
          alive += 1;
          most = Math.max(most, alive);
          await edge.push(numberBatch(number));
          await delay(producing[number % producing.length]);
        }
        edge.end();
        assert.equal(await read, upTo(count));
        assert.ok(most <= capacity, `${most} alive on an edge of ${capacity}`);
        assert.ok(edge.statistics.maximumDepth <= capacity);
        assert.is(edge.statistics.drops, 0);
      },
    ),
    { numRuns: 60 },
  );
});

test("sends that nobody awaits keep their order and never overfill the edge", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 0, max: 40 }),
      async (capacity, count) => {
        const edge = makeEdge(capacity, "block");
        const sends = upTo(count).map((number) => edge.push(numberBatch(number)));
        edge.end();
        assert.equal(await readAll(edge), upTo(count));
        await Promise.all(sends);
        assert.ok(edge.statistics.maximumDepth <= capacity);
      },
    ),
    { numRuns: 40 },
  );
});

test("lossy edges keep order, deliver the last batch, account for every other, and stay within bounds", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom<Policy>("drop-oldest", "latest"),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 60 }),
      delays,
      delays,
      async (policy, capacity, count, producing, reading) => {
        const edge = makeEdge(capacity, policy);
        const read = readAll(edge, (number) => delay(reading[number % reading.length]));
        for (const number of upTo(count)) {
          assert.is(edge.push(numberBatch(number)), undefined, "a lossy edge makes nobody wait");
          await delay(producing[number % producing.length]);
        }
        edge.end();
        const numbers = await read;
        assert.is(numbers[numbers.length - 1], count - 1);
        assert.ok(numbers.every((number, index) => index === 0 || number > numbers[index - 1]));
        const { drops, delivered, maximumDepth, waits } = edge.statistics;
        assert.is(delivered, numbers.length);
        assert.is(delivered + drops, count);
        assert.is(waits, 0);
        assert.ok(maximumDepth <= Math.max(capacity, 2), `${maximumDepth} held on an edge of ${capacity}`);
      },
    ),
    { numRuns: 60 },
  );
});

test("drop-oldest keeps the newest of a burst, as many as the capacity", async () => {
  const edge = makeEdge(3, "drop-oldest");
  for (const number of upTo(10)) edge.push(numberBatch(number));
  edge.end();
  assert.equal(await readAll(edge), [7, 8, 9]);
  assert.is(edge.statistics.drops, 7);
});

test("latest keeps the newest of a burst alone", async () => {
  const edge = makeEdge(8, "latest");
  for (const number of upTo(10)) edge.push(numberBatch(number));
  edge.end();
  assert.equal(await readAll(edge), [9]);
});

test("a batch keeps its place until its handling is done", async () => {
  const edge = makeEdge(1, "block");
  let room = false;
  void edge.push(numberBatch(0))?.then(() => {
    room = true;
  });
  await edge.take();
  await pause(5);
  assert.not(room, "the reader still has the batch in hand");
  void edge.take();
  await pause(5);
  assert.ok(room);
});

test("a failure reaches the reader and senders that wait, and empties the edge", async () => {
  const edge = makeEdge(2, "block");
  edge.push(numberBatch(0));
  const waiting = edge.push(numberBatch(1));
  const error = new Error("broken");
  edge.fail(error);
  assert.is(await waiting?.catch((reason) => reason), error);
  assert.is(await edge.take().catch((reason) => reason), error);
  assert.is(edge.depth, 0);
});

test("a failure reaches a reader that waits for a batch", async () => {
  const edge = makeEdge(2, "block");
  const taking = edge.take().catch((reason) => reason);
  await pause(1);
  const error = new Error("broken");
  edge.fail(error);
  assert.is(await taking, error);
});

test("an early end tells waiting senders and still delivers what was given", async () => {
  const edge = makeEdge(2, "block");
  edge.push(numberBatch(0));
  const waiting = edge.push(numberBatch(1));
  const error = new Error("stopped");
  edge.endEarly(error);
  assert.is(await waiting?.catch((reason) => reason), error);
  assert.equal(await readAll(edge), [0, 1]);
});

test("a reader that leaves lets its senders go on", async () => {
  const edge = makeEdge(1, "block");
  const waiting = edge.push(numberBatch(0));
  edge.detach();
  await waiting;
  assert.is(edge.push(numberBatch(1)), undefined);
  assert.is(await edge.take(), undefined);
});

test("with a store nobody waits for a reader that has not begun, and the order stays", async () => {
  await withFolder(async (folder) => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: 1, max: 2000 }),
        async (early, late, memory) => {
          const store = new SpillingStore(folder, `edge-${early}-${late}-${memory}`, memory);
          const edge = new Edge(wireOf(1, "block"), new Breather(), store);
          for (const number of upTo(early)) await edge.push(numberBatch(number));
          assert.is(edge.statistics.stored, early);
          const read = readAll(edge);
          for (const number of upTo(late)) await edge.push(numberBatch(early + number));
          edge.end();
          assert.equal(await read, upTo(early + late));
          assert.ok(edge.statistics.maximumDepth <= 1, "what is read back takes a place as well");
          await store.close();
        },
      ),
      { numRuns: 25 },
    );
  });
});

test.run();
