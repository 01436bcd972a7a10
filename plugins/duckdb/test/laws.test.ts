import { checkPlugin } from "jacoflow/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import plugin from "../src/index.js";

const law = suite("laws of stages");

/** DuckDB's files are not the same bytes for the same rows, as the README says. */
const notKept = "deterministic under a seed";

law("the stage keeps every law of stages but that of bytes", async () => {
  const results = (await checkPlugin(plugin)).filter((result) => result.law !== notKept);
  assert.ok(results.length >= 9);
  assert.equal(
    results.filter(({ passed }) => !passed),
    [],
  );
});

law.run();
