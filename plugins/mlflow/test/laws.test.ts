import { checkPlugin } from "jacoflow/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import plugin from "../src/index.js";
import { standIn } from "./server.js";

const law = suite("laws of stages");

async function broken(url: string, patience: number): Promise<readonly string[]> {
  const results = await checkPlugin(plugin, { trials: { "sink/mlflow": { options: { url, patience } } } });
  assert.ok(results.length >= 10);
  return results.flatMap(({ law, passed, reason }) => (passed ? [] : [`${law}: ${reason}`]));
}

law("the stage keeps every law of stages while the server answers", async () => {
  const server = await standIn();
  try {
    assert.equal(await broken(server.url, 8), []);
  } finally {
    await server.close();
  }
});

law("and while it is away, but that what it keeps to send later holds the times of its numbers", async () => {
  assert.equal(await broken("http://127.0.0.1:9", 0.1), [
    "deterministic under a seed: the same seed gave other bytes",
  ]);
});

law.run();
