import type { Engine, Model, Training } from "../../engine/engine.js";
import type { Examples } from "../examples.js";
import type { Snapshot } from "../snapshot.js";
import { optimizerOf, type TrainOptions } from "./options.js";

/** Training and evaluation on models of their own, so that loading parameters into one never moves the other. */
export interface Session {
  readonly training: Training;
  readonly evaluator: Model;
  close(): Promise<void>;
}

/** Opens both models, the trained one at the start's parameters. What was opened is closed again when one fails. */
export async function openSession(
  engine: Engine,
  start: Snapshot,
  { features, labels }: Examples,
  options: TrainOptions,
): Promise<Session> {
  const opened: { close(): Promise<void> }[] = [];
  const keep = <Closable extends { close(): Promise<void> }>(one: Closable) => {
    opened.unshift(one);
    return one;
  };
  const close = async () => {
    for (const one of opened) await one.close();
  };
  try {
    const trained = keep(await engine.open(start.network));
    const evaluator = keep(await engine.open(start.network));
    await trained.load(start.parameters);
    const { loss } = options;
    const training = keep(await trained.train({ loss, optimizer: optimizerOf(options), features, labels }));
    return { training, evaluator, close };
  } catch (error) {
    await close();
    throw error;
  }
}
