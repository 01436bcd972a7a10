// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the ${NAME} of pipeline files is what is tested
import Type from "typebox";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PipelineFileErrors } from "../../../pipeline/file/mistake.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { load, stageMap } from "../../support/pipelines.js";
import { shape, shapes } from "../../support/shapes.js";

const law = suite("options that are secret");

const secret = (more = {}) => Type.String({ secret: true, description: "a key", ...more });

const stages = stageMap(
  ...shapes.values(),
  shape(
    "data/hub",
    {},
    {},
    Type.Object(
      {
        key: Type.Optional(secret()),
        usual: secret({ default: "guest" }),
        headers: Type.Record(Type.String(), secret(), { default: {} }),
        accounts: Type.Array(
          Type.Object({ name: Type.String(), password: secret() }, { additionalProperties: false }),
          { default: [] },
        ),
        either: Type.Optional(Type.Union([Type.Boolean(), secret()])),
        keyOrPorts: Type.Optional(Type.Union([secret(), Type.Array(Type.Integer())])),
        pair: Type.Optional(Type.Tuple([Type.String(), secret()])),
        proxy: Type.Optional(
          Type.Cyclic(
            { Proxy: Type.Object({ password: secret(), over: Type.Optional(Type.Ref("Proxy")) }) },
            "Proxy",
          ),
        ),
      },
      { additionalProperties: false },
    ),
  ),
);

const environment = { HUB_TOKEN: "sesame-7c1d", HOME_PAGE: "sesame-home" };

/** Code and place of the mistakes of these options, and all that is said of them. */
function mistakesOf(options: string, sets: readonly string[] = []) {
  return mistakesIn(`name: x\nstages:\n  hub: { uses: data/hub, with: ${options} }\n`, sets);
}

async function mistakesIn(text: string, sets: readonly string[] = []) {
  try {
    await load(text, stages, { environment, sets });
  } catch (error) {
    if (!(error instanceof PipelineFileErrors)) throw error;
    const told: readonly JacoflowError[] = [...error.errors, ...error.warnings];
    const said = error.message + JSON.stringify(told.map((each) => [each, each.value]));
    return { mistakes: error.errors.map(({ code, place }) => `${code} ${place}`), said };
  }
  return { mistakes: [], said: "" };
}

law(
  "take variables of the environment whose names say so, alone or with text around, empty texts and defaults",
  async () => {
    for (const options of [
      "{}",
      '{ key: "${HUB_TOKEN}" }',
      '{ key: "Bearer ${HUB_TOKEN}", usual: guest }',
      '{ key: "", headers: { Authorization: "Bearer ${HUB_TOKEN}" } }',
      '{ accounts: [{ name: me, password: "${HUB_TOKEN}" }], either: true }',
      '{ keyOrPorts: [1234, 5678], pair: [me, "${HUB_TOKEN}"] }',
      '{ proxy: { password: "${HUB_TOKEN}", over: { password: "" } } }',
    ])
      assert.equal((await mistakesOf(options)).mistakes, [], options);
  },
);

law("refuse a text of the file, at any depth, without showing it or its line", async () => {
  for (const [options, place] of [
    ["{ key: open-7c1d }", "key"],
    ["{ key: 1234567 }", "key"],
    ['{ key: "${OTHER_TOKEN:open-7c1d}" }', "key"],
    ['{ key: "${HOME_PAGE}" }', "key"],
    ["{ usual: open-7c1d }", "usual"],
    ["{ headers: { Authorization: open-7c1d } }", "headers.Authorization"],
    [
      '{ accounts: [{ name: me, password: "${HUB_TOKEN}" }, { name: you, password: open-7c1d }] }',
      "accounts.1.password",
    ],
    ["{ either: open-7c1d }", "either"],
    ["{ pair: [me, open-7c1d] }", "pair.1"],
    [
      '{ proxy: { password: "", over: { password: "", over: { password: open-7c1d } } } }',
      "proxy.over.over.password",
    ],
    // Lists and maps where a text belongs.
    ["{ key: [open-7c1d] }", "key"],
    ['{ key: ["${HUB_TOKEN}", { of: open-7c1d }] }', "key"],
    ["{ key: {open-7c1d} }", "key"],
    ["{ either: [open-7c1d] }", "either"],
    ["{ keyOrPorts: { of: open-7c1d } }", "keyOrPorts"],
    // Another mistake in the same line would show it.
    ["{ key: open-7c1d, kee: 1 }", "key"],
  ]) {
    const { mistakes, said } = await mistakesOf(options);
    assert.ok(mistakes.includes(`SECRET_IN_FILE stages.hub.with.${place}`), `${options}: ${mistakes}`);
    assert.not.match(said, /7c1d|1234567|sesame/);
  }
});

law(
  "are not shown beside another mistake, in its stage or the next, in flow style or block style",
  async () => {
    for (const hub of [
      "  hub: { uses: data/hub, with: { key: open-7c1d }, frm: data }",
      "  hub:\n    frm: data\n    uses: data/hub\n    with:\n      key: open-7c1d",
      "  hub:\n    uses: data/hub\n    with: { key: open-7c1d }\n    frm: data",
    ])
      for (const next of [
        "",
        "  next: { uses: data/hubb }",
        "  next: { uses: data/hub, with: { kee: 1 } }",
      ]) {
        const { mistakes, said } = await mistakesIn(`name: x\nstages:\n${hub}\n${next}\n`);
        assert.equal(mistakes.length, next === "" ? 2 : 3, `${mistakes}`);
        assert.ok(mistakes.includes("SECRET_IN_FILE stages.hub.with.key"), `${mistakes}`);
        assert.not.match(said, "7c1d");
      }
  },
);

law("refuse a text of --set in the same way", async () => {
  const { mistakes, said } = await mistakesOf("{}", ["stages.hub.with.key=open-7c1d"]);
  assert.ok(mistakes.includes("SECRET_IN_FILE stages.hub.with.key"), `${mistakes}`);
  assert.not.match(said, "7c1d");
  assert.equal((await mistakesOf("{ key: open-7c1d }", ["stages.hub.with.key=${HUB_TOKEN}"])).mistakes, []);
});

law.run();
