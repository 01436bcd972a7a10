import { Type } from "typebox";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  defineStage,
  type InputsOf,
  mapBatches,
  type OutputsOf,
  output,
  stream,
} from "../../../pipeline/stage.js";
import { definePlugin } from "../../../plugins/host/plugin.js";
import type { Bench } from "../../../plugins/kit/bench.js";
import { checkPlugin, type LawResult } from "../../../plugins/kit/check.js";
import { cancellable } from "../../../plugins/kit/laws/ending.js";
import { builtIns } from "../../../stages/index.js";
import { slowness } from "../../support/slowness.js";

const law = suite("stages that would break what tries them");

const inputs = { metrics: stream("metrics", "read") };
const outputs = { metrics: output("metrics", "sent") };
type Ports = readonly [inputs: InputsOf<typeof inputs>, outputs: OutputsOf<typeof outputs>];

const passOn = (...[read, sent]: Ports) => mapBatches(read.metrics, sent.metrics, (batch) => batch);

const check = (run: (...ports: Ports) => Promise<void>): Promise<readonly LawResult[]> => {
  const stage = defineStage({
    name: "a/b",
    summary: "A stage.",
    options: Type.Object({}),
    inputs,
    outputs,
    run,
  });
  const plugin = definePlugin({ name: "a", api: 1, stages: [stage] });
  return checkPlugin(builtIns, plugin, { seconds: slowness() });
};

const reasonOf = (results: readonly LawResult[], name: string) =>
  results.find((result) => result.law === name)?.reason ?? "";

law("a failure that a stage leaves to nobody is told as its own, and ends no process", async () => {
  const faults: Readonly<Record<string, (...ports: Ports) => Promise<void>>> = {
    rejected: async (...ports) => {
      Promise.reject(new Error("rejected"));
      await passOn(...ports);
    },
    thrown: async (...ports) => {
      setTimeout(() => {
        throw new Error("thrown");
      }, 1);
      await passOn(...ports);
      await new Promise((resolve) => setTimeout(resolve, 30));
    },
  };
  for (const [fault, run] of Object.entries(faults)) {
    const said = reasonOf(await check(run), "ports honoured");
    assert.match(said, `nobody handled what it threw, or a promise it did not await: ${fault}`);
  }
  const unawaited = await check(async (read, sent) => {
    await read.metrics.forEach((batch) => {
      void sent.metrics.send(batch);
    });
  });
  assert.match(reasonOf(unawaited, "bounded under a slow reader"), "while the last one waited");
  assert.match(reasonOf(unawaited, "errors surface"), "a promise it did not await: broken");
  assert.is(process.listenerCount("unhandledRejection"), 0);
});

law("a port that is not declared, what is no batch and a thrown nothing are named", async () => {
  const cases: readonly (readonly [said: string, run: (...ports: Ports) => Promise<void>])[] = [
    [
      'its output "extra", which it does not declare',
      async (_, sent) => (sent as never as { extra: never }).extra,
    ],
    [
      'its input "other", which it does not declare',
      async (read) => (read as never as { other: never }).other,
    ],
    ['sent on "metrics" what is no record batch', (_, sent) => sent.metrics.send({ rows: 1 } as never)],
    ["a/b threw undefined", () => Promise.reject(undefined)],
  ];
  for (const [said, run] of cases) assert.match(reasonOf(await check(run), "ports honoured"), said);
});

law("what holds the thread cannot put off the moment of its abort", async () => {
  const hold = async () => {
    const start = performance.now();
    while (performance.now() - start < 400);
    return { milliseconds: 400 };
  };
  let runs = 0;
  const bench = {
    ...{ seconds: 0.1, streams: [], inputs: {}, usual: hold },
    run: () => {
      runs += 1;
      return runs === 1 ? Promise.resolve() : hold();
    },
  };
  assert.match(
    (await cancellable(bench as never as Bench)) ?? "",
    /^after an abort it went on for \d+\.\d s/,
  );
});

law.run();
