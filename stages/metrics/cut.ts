import { Type } from "typebox";
import type { Cut } from "../../engine/spectrum/projection.js";
import { spectrumErrors } from "../../schemas/errors/spectrum.js";

/** The options that cut information from nuisance space: one of them, or none for the whole basis. */
export const cutOptions = {
  rank: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: "r: the information space is spanned by the r first left singular vectors",
    }),
  ),
  cutoff: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      description: "α: by those with a singular value of at least α; the basis must reach below it",
    }),
  ),
  energy: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      description: "by the fewest that carry this share of ‖J‖_F²; the basis must reach it",
    }),
  ),
};

export interface CutOptions {
  readonly rank?: number;
  readonly cutoff?: number;
  readonly energy?: number;
}

/** Errors: ONE_CUT when more than one is given; `place` is that of the options. */
export function checkCut({ rank, cutoff, energy }: CutOptions, place: string): void {
  const given = Object.entries({ rank, cutoff, energy }).filter(([, value]) => value !== undefined);
  const names = given.map(([name]) => name);
  if (names.length > 1) throw spectrumErrors.oneCut(names, place);
}

/** The cut of the options for a basis of `count` vectors, all of which are taken when no option says otherwise. */
export function cutOf({ rank, cutoff, energy }: CutOptions, count: number): Cut {
  if (cutoff !== undefined) return { by: "cutoff", cutoff };
  if (energy !== undefined) return { by: "energy", energy };
  return { by: "rank", rank: rank ?? count };
}
