import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { checkPlugin } from "jacoflow/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import plugin from "../src/index.js";

const law = suite("laws of stages");

/** Where the paths among the examples start. */
const folder = dirname(dirname(fileURLToPath(import.meta.url)));

law("the stage keeps every law of stages, by the examples of its options", async () => {
  const results = await checkPlugin(plugin, { folder });
  assert.ok(results.length >= 10);
  assert.equal(
    results.filter(({ passed }) => !passed),
    [],
  );
});

law.run();
