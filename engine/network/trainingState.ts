import { networkErrors } from "../../schemas/errors/network.js";
import { momentsKept, type Optimizer, type TrainingState } from "../engine.js";
import type { ParameterLayout } from "./layout.js";

/** Errors: WRONG_SIZE when a state is not one of this network and optimiser. */
export function checkState(state: TrainingState, layout: ParameterLayout, { kind }: Optimizer): void {
  const expected = [layout.totalCount, ...Array<number>(momentsKept[kind]).fill(layout.trainableCount)];
  const found = [state.parameters, ...state.moments].map(({ length }) => length);
  if (!Number.isSafeInteger(state.steps) || state.steps < 0) {
    throw networkErrors.wrongSize("the steps of a training's state", `${state.steps}`, "a whole number");
  }
  if (found.join() !== expected.join()) {
    throw networkErrors.wrongSize("a training's state", `${found.join(" + ")} numbers`, expected.join(" + "));
  }
}
