import type { RecordBatch } from "apache-arrow";
import { runErrors } from "../../schemas/errors/pipeline.js";
import { addressText } from "../graph/offers.js";
import type { ResolvedPipeline, ResolvedStage, Wire } from "../graph/resolved.js";
import type { BatchStore, Source, WholeInput } from "../stage.js";
import type { Breather } from "./breather.js";
import { Edge } from "./edge.js";
import { Input } from "./input.js";
import { Output } from "./output.js";
import { wiresToStore } from "./stored.js";
import { Whole } from "./whole.js";

/** All edges and ports of one run. */
export interface Connections {
  readonly edges: readonly Edge[];
  /** By stage, then by port. */
  readonly outputs: ReadonlyMap<string, Readonly<Record<string, Output>>>;
  /**
   * The inputs of a stage as its `run` takes them; waits for the whole ones. `uncaught` gets what a function the stage
   * gave to `subscribe` throws. Errors: NOTHING_GATHERED.
   */
  inputsOf(
    stage: ResolvedStage,
    uncaught: (error: unknown) => void,
  ): Promise<Readonly<Record<string, unknown>>>;
}

export function connect(
  pipeline: Pick<ResolvedPipeline, "stages" | "wires">,
  breather: Breather,
  makeStore: (wire: Wire) => BatchStore,
  sentOne: (origin: Source, batch: RecordBatch) => void,
): Connections {
  const stored = wiresToStore(pipeline.wires);
  const edges = new Map<Wire, Edge>();
  const wholes = new Map<string, Whole>();
  for (const wire of pipeline.wires) {
    if (wire.delivery === "stream") {
      edges.set(wire, new Edge(wire, breather, stored.has(wire) ? makeStore(wire) : undefined));
    } else if (!wholes.has(addressText(wire.from))) {
      wholes.set(addressText(wire.from), new Whole());
    }
  }
  const outputs = new Map(
    pipeline.stages.map(({ name, definition }) => [
      name,
      Object.fromEntries(
        Object.entries(definition.outputs).map(([port, { table }]) => {
          const readers = [...edges].filter(([{ from }]) => from.stage === name && from.port === port);
          const whole = wholes.get(addressText({ stage: name, port }));
          return [
            port,
            new Output(
              { stage: name, port, table },
              readers.map(([, edge]) => edge),
              whole,
              breather,
              sentOne,
            ),
          ];
        }),
      ),
    ]),
  );

  async function gather(wire: Wire): Promise<WholeInput | undefined> {
    const table = await wholes.get(addressText(wire.from))!.table;
    return table === undefined ? undefined : { origin: { ...wire.from, table: wire.table }, table };
  }

  async function inputsOf(stage: ResolvedStage, uncaught: (error: unknown) => void) {
    const inputs: Record<string, unknown> = {};
    for (const [name, port] of Object.entries(stage.definition.inputs)) {
      const wires = pipeline.wires.filter(({ to }) => to.stage === stage.name && to.port === name);
      const ends =
        port.delivery === "stream"
          ? wires.map((wire) => new Input(edges.get(wire)!, uncaught))
          : (await Promise.all(wires.map(gather))).filter((whole) => whole !== undefined);
      if (port.many) inputs[name] = ends;
      else if (ends.length > 0) inputs[name] = ends[0];
      else if (wires.length > 0 && !port.optional) {
        throw runErrors.nothingGathered(addressText(wires[0].from), name);
      }
    }
    return inputs;
  }

  return { edges: [...edges.values()], outputs, inputsOf };
}
