import { checkPlugin } from "jacoflow/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import plugin from "../src/index.js";
import { withFiles } from "./folder.js";

const law = suite("laws of stages");

law("the stage keeps every law of stages", () =>
  withFiles({ "a.csv": "x,y\n1,a\n2,b\n3,a\n4,b\n" }, async (folder) => {
    const options = { path: "a.csv", label: "y", testShare: 0.5, standardise: "per-feature" };
    const results = await checkPlugin(plugin, { trials: { "data/csv": { options, folder } } });
    assert.ok(results.length >= 9);
    assert.equal(
      results.filter(({ passed }) => !passed),
      [],
    );
  }),
);

law.run();
