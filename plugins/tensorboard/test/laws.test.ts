import { checkPlugin } from "jacoflow/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import plugin from "../src/index.js";

const law = suite("laws of stages");

law("the stage keeps every law of stages", async () => {
  const results = await checkPlugin(plugin);
  assert.ok(results.length >= 10);
  assert.equal(
    results.filter(({ passed }) => !passed),
    [],
  );
});

law.run();
