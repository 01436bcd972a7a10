import type { Engine } from "../../engine/engine.js";
import { defaultBlockSize, type SpectrumMethod } from "../../engine/spectrum/estimate.js";
import { computeSpectrum, type Spectrum, type SpectrumOptions } from "../../engine/spectrum/spectrum.js";
import { type Agreement, atLeast, largestRelativeDifference } from "../bars.js";
import { type Case, loaded, resnet20 } from "../cases.js";
import { type Context, threadChoices, withNative, withPeer } from "../context.js";
import { inTurn, quietMoment, ratioOf, timed } from "../measure.js";
import type { Peer } from "../peer.js";
import { tunedRows } from "./rows.js";

export const rank = 50;
/** Of every value, relative: what all sides are asked for. */
const tolerance = 1e-3;

export function spectrumOptions({ rates }: Engine, method: SpectrumMethod | "auto"): SpectrumOptions {
  return { rank, method, precision: "float32", tolerance, seed: "bench", memoryLimit: 8e9, rates };
}

interface Lanczos {
  readonly seconds: number;
  readonly values: readonly number[];
  readonly forwardProducts: number;
  readonly backwardProducts: number;
  readonly productSeconds: number;
}

interface Krylov {
  readonly seconds: number;
  readonly values: readonly number[];
  readonly sweeps: number;
}

interface ProductSetting {
  readonly threads: number;
  readonly batch: number;
  readonly forward: number;
  readonly backward: number;
}

interface Bars {
  readonly outputs: number;
  readonly count: number;
  /** Against curvlinops + svds: block Krylov, and auto. */
  readonly lanczos: readonly [number, number] | undefined;
  readonly lanczosOfAuto: readonly [number, number] | undefined;
}

const cases: readonly Bars[] = [
  { outputs: 3, count: 300, lanczos: [25, 50], lanczosOfAuto: [60, 100] },
  { outputs: 10, count: 150, lanczos: undefined, lanczosOfAuto: [8, 15] },
];

/** The top 50 singular triplets against svds on curvlinops' operator and against block Krylov written in PyTorch. */
export async function spectrumPart(context: Context): Promise<void> {
  for (const bars of cases) {
    const one = resnet20(context.images, bars.outputs, bars.count);
    await withNative(context.threads, async (engine) => {
      const model = await loaded(engine.open(one.network), one);
      const run = (method: SpectrumMethod | "auto") =>
        computeSpectrum(model, engine.algebra, one.features, spectrumOptions(engine, method));
      const reference = await run("exact");
      const done = await withPeer(context, one, (peer) =>
        comparePeers(context, peer, one, bars, run, reference),
      );
      if (done === undefined) await reportAlone(context, one, bars, run, reference);
      await model.close();
    });
  }
}

type Run = (method: SpectrumMethod | "auto") => Promise<Spectrum>;

function agreed(values: ArrayLike<number>, reference: Spectrum): Agreement {
  return {
    difference: largestRelativeDifference(values, reference.singularValues),
    tolerance,
    what: `${rank} values against the exact ones`,
  };
}

function worse(left: Agreement, right: Agreement): Agreement {
  return left.difference >= right.difference ? left : right;
}

async function comparePeers(
  context: Context,
  peer: Peer,
  one: Case,
  { outputs, count, lanczos, lanczosOfAuto }: Bars,
  run: Run,
  reference: Spectrum,
): Promise<true> {
  const { rounds, patience, threads } = context;
  const settings = await tunedRows(context, peer, one);
  const { method, threads: rowThreads, chunk } = settings[0];
  context.say(`tuning curvlinops' products, K = ${outputs}`);
  await quietMoment(patience);
  const { settings: products } = await peer.call<{ settings: ProductSetting[] }>("spectrum.tune_products", {
    case: one.name,
    threads: threadChoices(threads),
    batches: [16, 32, 64, 128],
    count: Math.min(count, 128),
  });
  const theirs = {
    case: one.name,
    ...{ method, threads: rowThreads, chunk, count, outputs, rank, tolerance, seed: 1 },
    block: defaultBlockSize(rank),
  };
  const found: { krylov?: Spectrum; auto?: Spectrum; streamed?: Krylov; held?: Krylov } = {};
  const comparison = await inTurn(
    [
      {
        name: "native, block Krylov",
        run: () => timed(async () => (found.krylov = await run("block-krylov"))),
      },
      { name: "native, auto", run: () => timed(async () => (found.auto = await run("auto"))) },
      {
        name: "PyTorch, streamed rows",
        run: async () => {
          found.streamed = await peer.call<Krylov>("spectrum.block_krylov", { ...theirs, hold: false });
          return found.streamed.seconds;
        },
      },
      {
        name: "PyTorch, held rows",
        run: async () => {
          found.held = await peer.call<Krylov>("spectrum.block_krylov", { ...theirs, hold: true });
          return found.held.seconds;
        },
      },
    ],
    { rounds, patience },
  );
  const { krylov, auto, streamed, held } = found as Required<typeof found>;
  context.say(`svds on curvlinops' operator, K = ${outputs}`);
  await quietMoment(patience);
  const { threads: productThreads, batch } = products[0];
  const svds = await peer.call<Lanczos>("spectrum.lanczos", {
    case: one.name,
    ...{ threads: productThreads, batch, count, rank, tolerance, seed: 1 },
  });
  context.keep(`spectrum, K = ${outputs}`, { count, settings, products, svds, ...comparison });

  const seconds = (value: number) => `${value.toFixed(value < 10 ? 2 : 1)} s`;
  const lanczosNote = `svds ${seconds(svds.seconds)} (one run), ${svds.forwardProducts} Jv + ${svds.backwardProducts} Jᵀu, ${((100 * svds.productSeconds) / svds.seconds).toFixed(0)} % in products; threads ${productThreads}, batch ${batch}`;
  const name = `top ${rank}, K = ${outputs}, n = ${count}`;
  const svdsAgreed = agreed(svds.values, reference);
  if (lanczos !== undefined) {
    context.report({
      figure: `${name}: block Krylov against curvlinops + svds`,
      bar: atLeast(lanczos[0]),
      stretch: lanczos[1],
      measured: svds.seconds / comparison.seconds[0],
      unit: "×",
      agreement: worse(agreed(krylov.singularValues, reference), svdsAgreed),
      note: `ours ${seconds(comparison.seconds[0])}, ${krylov.sweeps} sweeps; ${lanczosNote}`,
    });
  }
  if (lanczosOfAuto !== undefined) {
    context.report({
      figure: `${name}: auto against curvlinops + svds`,
      bar: atLeast(lanczosOfAuto[0]),
      stretch: lanczosOfAuto[1],
      measured: svds.seconds / comparison.seconds[1],
      unit: "×",
      agreement: worse(agreed(auto.singularValues, reference), svdsAgreed),
      note: `ours ${seconds(comparison.seconds[1])}: ${auto.reason}; ${lanczosNote}`,
    });
  }
  const rowNote = `${method}, chunk ${chunk}, threads ${rowThreads}`;
  context.report({
    figure: `${name}: block Krylov against the same in PyTorch`,
    bar: atLeast(1.2),
    stretch: 1.5,
    measured: ratioOf(comparison, 2, 0),
    unit: "×",
    agreement: worse(agreed(krylov.singularValues, reference), agreed(streamed.values, reference)),
    note: `${seconds(comparison.seconds[0])}, ${krylov.sweeps} sweeps, against ${seconds(comparison.seconds[2])}, ${streamed.sweeps} sweeps; ${rowNote}`,
  });
  const best = comparison.seconds[3] < comparison.seconds[2] ? 3 : 2;
  context.report({
    figure: `${name}: auto against PyTorch's best`,
    bar: atLeast(1.5),
    stretch: 2.5,
    measured: ratioOf(comparison, best, 1),
    unit: "×",
    agreement: worse(agreed(auto.singularValues, reference), agreed(held.values, reference)),
    note: `${seconds(comparison.seconds[1])} against ${seconds(comparison.seconds[best])} (${comparison.names[best]}; streamed ${seconds(comparison.seconds[2])}, held ${seconds(comparison.seconds[3])})`,
  });
  return true;
}

async function reportAlone(
  context: Context,
  one: Case,
  { outputs, count, lanczos, lanczosOfAuto }: Bars,
  run: Run,
  reference: Spectrum,
): Promise<void> {
  const name = `top ${rank}, K = ${outputs}, n = ${count}`;
  const wanted = [
    ["block Krylov against curvlinops + svds", lanczos, "block-krylov"],
    ["auto against curvlinops + svds", lanczosOfAuto, "auto"],
    ["block Krylov against the same in PyTorch", [1.2, 1.5], "block-krylov"],
    ["auto against PyTorch's best", [1.5, 2.5], "auto"],
  ] as const;
  for (const [what, bars, method] of wanted) {
    if (bars === undefined) continue;
    let found = reference;
    const seconds = await timed(async () => {
      found = await run(method);
    });
    context.report({
      figure: `${name}: ${what}`,
      bar: atLeast(bars[0]),
      stretch: bars[1],
      measured: undefined,
      unit: "×",
      agreement: agreed(found.singularValues, reference),
      note: `${context.peer as string}; ours alone ${seconds.toFixed(2)} s on ${one.name}`,
    });
  }
}
