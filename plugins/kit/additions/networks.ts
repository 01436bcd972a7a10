import type { RecordBatch } from "apache-arrow";
import type { TObject } from "typebox";
import { parseNetwork } from "../../../engine/network/parse.js";
import type { NamedArchitecture, NamedLayers, NetworkData } from "../../../pipeline/stage.js";
import { parametersTable } from "../../../schemas/tables/parameters.js";
import { sentBytes, textOf } from "../laws/law.js";
import { undocumented } from "../laws/options.js";
import {
  type AdditionLaw,
  type AdditionTrial,
  examplesOf,
  frozen,
  givenOptions,
  inconstancy,
  refusal,
} from "./trial.js";

type Options = Readonly<Record<string, unknown>>;

interface WithOptions {
  readonly options: TObject;
}

/** A thing that becomes part of networks, with how it is asked for. */
interface NetworkMaker<Thing> {
  /** Calls the plugin; throws when the options or the data are not for it. */
  readonly make: (thing: Thing, options: Options, data: NetworkData) => unknown;
  /** Whether it is right that no network came of it: it is for other data. */
  readonly mayRefuse: (thing: Thing, options: Options, data: NetworkData) => boolean;
  /** Options of `network/init`. */
  readonly ask: (name: string, options: Options, data: NetworkData) => Options;
}

/** Data that networks are made for: an architecture need not take all of it. */
const everyData: readonly NetworkData[] = [[16], [28, 28, 1], [32, 32, 3]].flatMap((input) =>
  [2, 10].map((classes) => ({ input, classes })),
);

interface MadeNetwork {
  readonly options: Options;
  readonly data: NetworkData;
  readonly snapshot: RecordBatch;
}

const initialised = <Thing extends WithOptions>(
  { ask }: NetworkMaker<Thing>,
  { name, run }: AdditionTrial<Thing>,
  options: Options,
  data: NetworkData,
) =>
  run("network/init", {
    options: ask(name, options, data),
    inputs: { examples: [[examplesOf(data.input, data.classes)]] },
  });

/** The networks made of every choice of options, or what is wrong with one of them. */
async function networksOf<Thing extends WithOptions>(
  maker: NetworkMaker<Thing>,
  trial: AdditionTrial<Thing>,
): Promise<readonly MadeNetwork[] | string> {
  const all: MadeNetwork[] = [];
  for (const options of trial.choices) {
    const made: MadeNetwork[] = [];
    let refused: unknown;
    for (const data of everyData) {
      const { error, batches } = await initialised(maker, trial, options, data);
      if (error === undefined) made.push({ options, data, snapshot: batches.snapshots[0] });
      else if (maker.mayRefuse(trial.thing, givenOptions(trial.thing, options), data)) refused = error;
      else return `${words(options, data)}: ${textOf(error)}`;
    }
    if (made.length === 0) return `${JSON.stringify(options)} fit no data: ${textOf(refused)}`;
    all.push(...made);
  }
  return all;
}

const words = (options: Options, { input, classes }: NetworkData) =>
  `${JSON.stringify(options)} for examples of ${input.join("×")} and ${classes} classes`;

const makes =
  <Thing extends WithOptions>(maker: NetworkMaker<Thing>): AdditionLaw<Thing> =>
  async (trial) => {
    const made = await networksOf(maker, trial);
    return typeof made === "string" ? made : undefined;
  };

const networkOf = ({ schema }: RecordBatch) =>
  parseNetwork(JSON.parse(schema.metadata.get("network") ?? "null"), "the network");

const sameAgain =
  <Thing extends WithOptions>(maker: NetworkMaker<Thing>): AdditionLaw<Thing> =>
  async (trial) => {
    const made = await networksOf(maker, trial);
    if (typeof made === "string") return made;
    for (const { options, data } of made) {
      const filled = givenOptions(trial.thing, options);
      const reason = inconstancy(() => maker.make(trial.thing, filled, frozen(structuredClone(data))));
      if (reason !== undefined) return `${words(options, data)}: ${reason}`;
    }
    for (const { options, data } of made.slice(0, 1)) {
      const [first, second] = [
        await initialised(maker, trial, options, data),
        await initialised(maker, trial, options, data),
      ];
      if ((await sentBytes(first)) !== (await sentBytes(second)))
        return "the same seed gave other parameters";
    }
  };

const computes =
  <Thing extends WithOptions>(maker: NetworkMaker<Thing>): AdditionLaw<Thing> =>
  async (trial) => {
    const made = await networksOf(maker, trial);
    if (typeof made === "string") return made;
    const engine = await trial.engine();
    for (const { options, data, snapshot } of made) {
      const network = networkOf(snapshot);
      const model = await engine.open(network);
      try {
        await model.load(parametersTable(network).read(snapshot).values.values);
        const columns = data.input.reduce((product, side) => product * side, 1);
        const values = Float32Array.from({ length: 2 * columns }, (_, at) => Math.cos(at));
        const { values: computed } = await model.forward({ rows: 2, columns, values });
        const odd = computed.find((value) => !Number.isFinite(value));
        if (odd !== undefined) return `${words(options, data)} computes ${odd} before any training`;
      } finally {
        await model.close();
      }
    }
  };

const lawsOf = <Thing extends WithOptions>(maker: NetworkMaker<Thing>) =>
  ({
    "options documented": async ({ thing }: AdditionTrial<Thing>) => undocumented(thing.options),
    "makes networks of K outputs": makes(maker),
    "deterministic under a seed": sameAgain(maker),
    "computes finite outputs": computes(maker),
  }) as const;

/** The laws of named architectures, in the order in which they are tried. */
export const architectureLaws = lawsOf<NamedArchitecture>({
  make: (architecture, options, data) => architecture.network(options, data),
  mayRefuse: (architecture, options, data) =>
    refusal(() => architecture.network(options, data)) !== undefined,
  ask: (architecture, options) => ({ ...options, architecture }),
});

/** The laws of layers of plugins, which are put between the input and a dense head. */
export const layerLaws = lawsOf<NamedLayers>({
  make: (layers, options) => layers.layers(options),
  mayRefuse: () => true,
  ask: (type, options, { input, classes }) => ({
    network: {
      input,
      layers: [
        { ...options, type, name: "tried" },
        ...(input.length === 1 ? [] : [{ type: "flatten" }]),
        { type: "dense", name: "head", units: classes },
      ],
    },
  }),
});
