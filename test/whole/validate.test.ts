import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, jacoflow } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { smallPipeline, writeSmallPipeline } from "../support/smallPipeline.js";

const law = suite("validate");

law.before(build);

law("as JSON everything that was found is one array, empty for a file that is right", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder);
    const right = await jacoflow(["validate", file, "--format", "json"]);
    assert.equal([right.code, JSON.parse(right.stdout), right.stderr], [0, [], ""]);
    writeFileSync(file, smallPipeline({ noise: "{ uses: labels/nois, from: data }" }));
    const wrong = await jacoflow(["validate", file, "--format", "json"]);
    assert.is(wrong.code, 78);
    assert.is(wrong.stderr, "");
    const [first, ...rest] = JSON.parse(wrong.stdout);
    assert.equal(rest, []);
    assert.match(first.remedy, 'Did you mean "labels/noise"?');
    delete first.remedy;
    assert.equal(first, {
      severity: "error",
      code: "UNKNOWN_STAGE_TYPE",
      kind: "invalid",
      message: 'there is no stage "labels/nois"',
      place: "stages.noise.uses",
      value: "labels/nois",
      suggestion: "labels/noise",
      file,
      line: 5,
      column: 18,
      endLine: 5,
      endColumn: 29,
    });
    const absent = await jacoflow(["validate", join(folder, "absent.yaml"), "--format", "json"]);
    assert.is(absent.code, 78);
    assert.is(JSON.parse(absent.stdout)[0].code, "FILE_NOT_READABLE");
  }),
);

law("warnings are coded and placed like errors, and fail when they are denied", () =>
  withFolder(async (folder) => {
    writeSmallPipeline(folder);
    const file = join(folder, "small.yaml");
    writeFileSync(file, smallPipeline({ more: "{ uses: labels/noise, from: data, with: { fraction: 1 } }" }));
    const allowed = await jacoflow(["validate", file]);
    assert.is(allowed.code, 0);
    assert.match(allowed.stderr, /^warning UNREAD_STAGE .*small\.yaml:11:3 stages\.more$/m);
    assert.match(allowed.stderr, "> 11 |   more: ");
    const denied = await jacoflow(["validate", file, "--deny-warnings"]);
    assert.is(denied.code, 78);
    assert.match(denied.stderr, "error WARNINGS_DENIED");
    assert.is(denied.stdout, "");
    const asData = await jacoflow(["validate", file, "--deny-warnings", "--format", "json"]);
    assert.is(asData.code, 78);
    assert.equal(
      JSON.parse(asData.stdout).map(({ severity, code }: Record<string, string>) => [severity, code]),
      [["warning", "UNREAD_STAGE"]],
    );
  }),
);

law(
  "an engine that is not here is found before anything starts, and only where the environment is checked",
  () =>
    withFolder(async (folder) => {
      writeSmallPipeline(folder);
      const file = join(folder, "small.yaml");
      // Installed by nobody who runs these tests: it needs a GPU of NVIDIA.
      writeFileSync(file, smallPipeline({}, "name: small\nengine: tensorflow-gpu\n"));
      for (const words of [
        ["validate", file],
        ["run", file, "--out", join(folder, "run")],
      ]) {
        const { code, stderr } = await jacoflow(words);
        assert.is(code, 78, stderr);
        assert.match(stderr, /^error ENGINE_UNAVAILABLE .*small\.yaml:2:9 engine$/m);
      }
      assert.is((await jacoflow(["validate", file, "--no-environment"])).code, 0);
      const flag = await jacoflow(["validate", file, "--engine", "wasm"]);
      assert.is(flag.code, 0, flag.stderr);
    }),
);

law("a run folder that cannot be made is found by validate and by run", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder);
    for (const command of ["validate", "run"]) {
      const { code, stderr } = await jacoflow([command, file, "--out", join(file, "run")]);
      assert.is(code, 78);
      assert.match(stderr, "error OUTPUT_FOLDER --out");
      assert.match(stderr, "small.yaml is not a folder");
    }
  }),
);

law.run();
