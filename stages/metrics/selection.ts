import { Type } from "typebox";

/** Which Jacobians of a stream are meant. */
export const jacobianOption = Type.Union(
  [
    Type.Literal("initial"),
    Type.Literal("final"),
    Type.Literal("each"),
    Type.Array(Type.Union([Type.Literal("initial"), Type.Literal("final"), Type.Number({ minimum: 0 })]), {
      minItems: 1,
      uniqueItems: true,
    }),
  ],
  {
    default: ["initial", "final"],
    description: "initial, final (of each split), each, or a list of initial, final and epochs",
  },
);

export type JacobianChoice = "initial" | "final" | "each" | readonly ("initial" | "final" | number)[];

/** Epochs are quotients of steps: equal when they agree to this many. */
const sameEpoch = 1e-9;

/** Epochs a choice lists. */
export function listedEpochs(choice: JacobianChoice): readonly number[] {
  return typeof choice === "string" ? [] : choice.filter((entry) => typeof entry === "number");
}

export function isListed(choice: JacobianChoice, epoch: number): boolean {
  return choice === "each" || listedEpochs(choice).some((listed) => Math.abs(listed - epoch) <= sameEpoch);
}

/** Whether the first, or the last, Jacobian of a split is chosen whatever its epoch. */
export function includes(choice: JacobianChoice, which: "initial" | "final"): boolean {
  return choice === which || (typeof choice !== "string" && choice.includes(which));
}
