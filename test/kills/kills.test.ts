import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { killAndResume, makeReference } from "./kills.js";

const law = suite("a run that is killed");

law.before(build);

/**
 * Each run is killed at each of its moments one after the other: at the n-th time that process comes to the phase.
 * `npm run test:kills` takes many more, at random.
 */
const lives: readonly (readonly (readonly [phase: string, occurrence: number])[])[] = [
  [
    ["loading", 2],
    ["checkpoint after rename", 5],
    ["training step", 2],
    ["table before rename", 3],
  ],
  [
    ["checkpoint before rename", 8],
    ["evaluation", 1],
    ["sweep", 2],
    ["rows write", 9],
  ],
  [
    ["checkpoint write", 30],
    ["projection", 3],
    ["report before rename", 1],
    ["record after rename", 2],
  ],
];

law("again and again, whatever it was doing, ends with the same bytes and every row once", () =>
  withFolder(async (folder) => {
    const reference = await makeReference(folder);
    for (const [index, moments] of lives.entries()) {
      const { phases, differences, wentOn } = await killAndResume(
        reference,
        `run-${index}`,
        moments.map(([phase, occurrence]) => ({ phase, occurrence })),
      );
      assert.equal(differences, [], phases.join(", then "));
      assert.equal(
        phases,
        moments.map(([phase]) => phase),
      );
      assert.ok(wentOn, `began anew after ${phases.join(", then ")}`);
    }
  }),
);

law.run();
