import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { whileAtRest } from "../../../pipeline/run/atRest.js";
import { withFolder } from "../../support/folder.js";

const law = suite("pipeline/run/atRest");

const nothing = async () => undefined;
const codeOf = (promised: Promise<unknown>) =>
  promised.then(
    () => "done",
    (error) => error.code,
  );

law("what needs a run at rest keeps every other out, and lets them in again when it fails", () =>
  withFolder(async (folder) => {
    writeFileSync(join(folder, "run.json"), '{ "outcome": "running" }');
    const failed = await codeOf(
      whileAtRest(folder, async () => {
        assert.is(await codeOf(whileAtRest(folder, nothing)), "RUN_ACTIVE");
        throw Object.assign(new Error(), { code: "OF_ITS_OWN" });
      }),
    );
    assert.is(failed, "OF_ITS_OWN");
    assert.is(await codeOf(whileAtRest(folder, nothing)), "done");
    assert.equal(readdirSync(folder), ["run.json"]);
  }),
);

law("a folder without a run is at rest, and nothing is written there", () =>
  withFolder(async (folder) => {
    const none = join(folder, "none");
    assert.is(await whileAtRest(none, async () => 1), 1);
    assert.not.ok(existsSync(none));
  }),
);

law.run();
