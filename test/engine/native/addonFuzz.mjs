// Hands the addon's exported functions arguments that nobody sane would: `node addonFuzz.mjs LIBRARY SEED SECONDS`. Run by
// scripts/test-native-sanitized.mjs with a library built under sanitizers, which end the process at the first byte read or
// written out of bounds. Every call must answer, or throw an Error that says why. Prints how many did what.
import { createRequire } from "node:module";
import { setTimeout as wait } from "node:timers/promises";
import { Worker } from "node:worker_threads";

const [library, seed = "1", seconds = "20"] = process.argv.slice(2);
const addon = createRequire(import.meta.url)(library);

let state = (Number(seed) * 2654435761) >>> 0 || 1;
/** xorshift32: a whole number below `below`. */
function below(bound) {
  state ^= state << 13;
  state >>>= 0;
  state ^= state >>> 17;
  state ^= state << 5;
  state >>>= 0;
  return state % bound;
}
const pick = (list) => list[below(list.length)];

/** Plans as engine/native/plan.ts compiles them: given by the caller as JSON, [codes, numbers, facts]. */
const plans = JSON.parse(process.env.JACOFLOW_PLANS ?? "[]");

const detached = () => {
  const array = new Float32Array(8);
  structuredClone(array, { transfer: [array.buffer] });
  return array;
};
const oddNumbers = [
  0,
  1,
  2,
  3,
  7,
  -1,
  0.5,
  1.5,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e13,
  1e14,
  1e308,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -0,
  2 ** 31 - 1,
  3037000500,
  4294967296.5,
];
const shared = new SharedArrayBuffer(1 << 16);
const wide = new ArrayBuffer(1 << 16);
/** Arrays whose values are sound, odd, overlapping, empty, detached or of another type. */
function oddArray() {
  const length = pick([0, 1, 2, 3, 8, 24, 64, 200]);
  const make = [
    () => new Float32Array(length).fill(pick([0, 1, 0.5, Number.NaN, 3e38])),
    () => new Float64Array(length).fill(pick([0, 1, Number.POSITIVE_INFINITY])),
    () => Int32Array.from({ length }, () => pick([0, 1, 2, -1, 2 ** 31 - 1])),
    () => new Float32Array(shared, 4 * below(64), length),
    () => new Float32Array(wide, 4 * below(8), length),
    () => new Float64Array(wide, 8 * below(8), length),
    () => new Int32Array(shared, 4 * below(64), length),
    () => new Uint8Array(length),
    () => new BigInt64Array(length),
    () => new Float32Array(new ArrayBuffer(4 * length, { maxByteLength: 4 * length + 4096 })),
    detached,
  ];
  return pick(make)();
}
const oddThing = () =>
  pick([
    undefined,
    null,
    0,
    -1,
    1.5,
    Number.NaN,
    "engine",
    {},
    [],
    () => {},
    Symbol.iterator,
    10n,
    new Float32Array(4),
    new Proxy([], {}),
  ]);

/** Arrays and numbers that fit a call, or nearly, so that the work behind the checks is reached too. */
function fitting(call, { width, outputs, total, trainable }) {
  const n = pick([0, 1, 2, 5, 17]);
  const b = pick([0, 1, 3, 8]);
  const f32 = (length) => new Float32Array(length).map((_, at) => Math.sin(at + 1));
  const f64 = (length) => new Float64Array(length).map((_, at) => Math.cos(at + 1));
  const i32 = (length, bound) => Int32Array.from({ length }, () => below(Math.max(1, bound)));
  const m = n * outputs;
  switch (call) {
    case 0:
      return [[f32(total)], []];
    case 1:
      return [[f32(n * width), f32(m)], [n]];
    case 2:
      return [[f32(n * width), f32(m * trainable)], [n]];
    case 3:
      return [[f32(n * width), f64(m * trainable)], [n]];
    case 4:
      return [
        [f32(n * width), f32(trainable * b), f32(m * b), f32(trainable * b), f64(m)],
        [n, b],
      ];
    case 5:
      return [[f32(n * width), f64(m * m)], [n]];
    case 6:
      return [
        [f32(17 * width), i32(17, outputs)],
        [17, below(2), below(3), 0.9, 0.9, 1e-8],
      ];
    case 7:
      return [[i32(n, 17)], [n, 0.01, below(2)]];
    case 8:
      return [[f32(total)], []];
    case 9:
      return [[], []];
    case 10:
      return [
        [f32(n * b), f32(n * 3), f64(b * 3)],
        [n, b, 3],
      ];
    case 11:
    case 12:
      return [
        [f32(n * b), f64(b * 3), f32(n * 3), f32(n * 3)],
        [n, b, 3],
      ];
    case 13:
      return [
        [f64(n * b), f64(n * n + b * b)],
        [n, b, below(2)],
      ];
    case 14:
      return [
        [f64(n * n).fill(0.5), f64(n), f64(n * n)],
        [n, pick([0, 1, n])],
      ];
    case 15:
      return [[], [pick([0, 1])]];
    case 16:
      return [
        [f64((2 * n + b) ** 2), f32(n * 7), f32(b * 7), f32(n * 7)],
        [7, n, b, n],
      ];
    case 17:
      return [
        [f32((n + 2) * b), f32(7 * b), f32((n + 2) * b), f32(n * 7), f32(2 * 7)],
        [7, b, n, 2],
      ];
    case 18:
      return [
        [f32(3 * n), f64(b * n), f64(b * 3)],
        [3, b, n],
      ];
    case 19:
      return [
        [f64(b * n), f32(3 * n), f64(b * 3), f64(b * n)],
        [3, b, n],
      ];
    default:
      return [[f32(total), f32(trainable), f32(trainable)], [pick([0, 5])]];
  }
}

const counts = { answered: 0, refused: 0, thrown: 0, cancelled: 0, models: 0, plansRefused: 0 };
let pending = 0;
let unreadable = 0;

function called(act) {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof Error) || error.message === "") unreadable += 1;
    counts.thrown += 1;
    return undefined;
  }
}

function submit(engine, call, model, training, arrays, numbers) {
  pending += 1;
  let told = 0;
  const done = (fault, message) => {
    told += 1;
    if (told > 1) throw new Error("answered twice");
    pending -= 1;
    if (fault === null) counts.answered += 1;
    else if (fault === "cancelled") counts.cancelled += 1;
    else {
      counts.refused += 1;
      if (message === "") unreadable += 1;
    }
  };
  const job = called(() =>
    addon.submit(engine, call, model, training, arrays, numbers, done, below(2) === 0 ? undefined : () => {}),
  );
  if (job === undefined) pending -= 1;
  else if (below(8) === 0) called(() => addon.cancel(job));
  return job;
}

function openModel(engine) {
  const [codes, numbers, facts] = pick(plans);
  const own = [Int32Array.from(codes), Float64Array.from(numbers)];
  const damaged = below(3) > 0;
  if (damaged) {
    for (let left = 1 + below(3); left > 0; left -= 1) {
      const part = pick(own);
      if (part.length > 0) part[below(part.length)] = pick(oddNumbers);
    }
    if (below(6) === 0) own[0] = own[0].subarray(0, below(own[0].length + 1));
    if (below(6) === 0) own[1] = own[1].subarray(0, below(own[1].length + 1));
  }
  const model = called(() => addon.openModel(engine, own[0], own[1]));
  if (model === undefined) {
    counts.plansRefused += 1;
    return undefined;
  }
  counts.models += 1;
  return { model, facts };
}

// Another thread changes the shared memory all the while: what was checked there may be otherwise when it is used.
const meddler = new Worker(
  `const { workerData } = require("node:worker_threads");
   const words = new Int32Array(workerData);
   for (let at = 0; ; at = (at * 1103515245 + 12345) & 0x7fffffff) words[at % words.length] = at % 3 === 0 ? at : at % 5 === 0 ? -1 : 1;`,
  { eval: true, workerData: shared },
);
meddler.unref();

const end = Date.now() + 1000 * Number(seconds);
let calls = 0;
while (Date.now() < end) {
  const engine = called(() => addon.openEngine(pick([1, 2, 3, 0, -5])));
  const other = called(() => addon.openEngine(1));
  const opened = [];
  const trainings = [];
  for (let times = 0; times < 12; times += 1) {
    const model = openModel(engine);
    if (model === undefined) continue;
    opened.push(model);
    const training = called(() => addon.openHolder());
    trainings.push({ training, facts: model.facts });
    submit(engine, 0, model.model, undefined, [new Float32Array(model.facts.total).fill(0.1)], []);
    submit(engine, 6, model.model, training, ...fitting(6, model.facts));
  }
  // A refused opening leaves a place its training; sizes of the refused one's network are not that training's.
  for (const { training } of trainings) {
    const { model, facts } = pick(opened);
    const [[features, labels], numbers] = fitting(6, facts);
    if (below(2) === 0) features.fill(Number.NaN);
    submit(engine, 6, model, training, [features, labels], numbers);
    for (const call of [8, 20, 21])
      submit(engine, call, model, training, ...fitting(call, pick(opened).facts));
    if (below(4) === 0) submit(other, 6, model, training, ...fitting(6, facts));
  }
  let last;
  for (let times = 0; times < 150; times += 1) {
    calls += 1;
    const call = below(8) === 0 ? pick([-1, 22, 99, 1.5, 2 ** 31]) : below(22);
    const { model, facts } = pick(opened) ?? {
      model: undefined,
      facts: { width: 3, outputs: 2, total: 4, trainable: 4 },
    };
    const training = pick(trainings)?.training;
    let [arrays, numbers] = fitting(call, facts);
    const how = below(5);
    if (how === 1 && arrays.length > 0) arrays[below(arrays.length)] = oddArray();
    if (how === 2 && numbers.length > 0) numbers[below(numbers.length)] = pick(oddNumbers);
    if (how === 3) arrays = Array.from({ length: below(6) }, oddArray);
    if (how === 4 && below(3) === 0) numbers = Array.from({ length: below(7) }, () => pick(oddNumbers));
    if (below(12) === 0 && arrays.length > 1) arrays[1] = arrays[0];
    if (below(10) === 0) {
      const odd = [engine, call, model, training, arrays, numbers];
      odd[below(6)] = pick([oddThing, () => other, () => model, () => training, () => last, () => engine])();
      last = submit(...odd) ?? last;
    } else last = submit(engine, call, model, training, arrays, numbers) ?? last;
    // What a job works on is its own, whatever becomes of the caller's list.
    if (below(4) === 0) arrays.length = 0;
    if (below(40) === 0) called(() => addon.cancel(pick([last, engine, model, oddThing()])));
    if (below(60) === 0) await wait(0);
  }
  called(() => addon.openModel(oddThing(), oddThing(), oddThing()));
  called(() => addon.openEngine(oddThing()));
  called(() => addon.closeEngine(pick([engine, oddThing(), last])));
  if (below(2) === 0) called(() => addon.closeEngine(engine));
  if (below(2) === 0) globalThis.gc?.();
  const patience = Date.now() + 60_000;
  while (pending > 0 && Date.now() < patience) await wait(1);
  if (pending > 0) throw new Error(`${pending} jobs never answered`);
  submit(engine, 1, opened[0]?.model, undefined, [new Float32Array(3)], [1]);
  called(() => addon.closeEngine(engine));
  called(() => addon.closeEngine(other));
  while (pending > 0 && Date.now() < patience) await wait(1);
}
process.stdout.write(`${calls} hostile calls: ${JSON.stringify(counts)}\n`);
if (unreadable > 0) throw new Error(`${unreadable} refusals without a word`);
if (counts.answered === 0 || counts.refused === 0 || counts.thrown === 0)
  throw new Error("nothing was reached");
process.exit(0);
