import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, jacoflow, program, stoppedMidway } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { writeSmallPipeline } from "../support/smallPipeline.js";
import { inTime } from "../support/waiting.js";

const law = suite("serving runs from the command line");

law.before(build);

interface Serving {
  readonly said: string;
  readonly url: string;
  /** State of each run in the list, by its id. */
  states(): Promise<Readonly<Record<string, string>>>;
}

/** Starts `jacoflow serve` with these words while `use` runs. */
async function whileServing(
  words: readonly string[],
  use: (serving: Serving) => Promise<void>,
): Promise<void> {
  const child: ChildProcess = spawn(process.execPath, [program, "serve", ...words]);
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  try {
    let said = "";
    const served = new Promise<string>((resolve, reject) => {
      const hear = (text: Buffer) => {
        said += text;
        if (!said.includes("Ctrl-C ends it")) return;
        const address = /http:\S+/.exec(said)?.[0];
        if (address !== undefined) resolve(address);
      };
      child.stdout?.on("data", hear);
      child.stderr?.on("data", hear);
      child.on("close", () => reject(new Error(said)));
    });
    const url = await inTime(served, () => `an address from ${words.join(" ")}, which said ${said}`);
    await use({
      ...{ said, url },
      states: async () => {
        const listed = (await (await fetch(`${url}runs`)).json()) as { id: string; state: string }[];
        return Object.fromEntries(listed.map(({ id, state }) => [id, state]));
      },
    });
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

law("without a port the next free one is taken, and said; a port that was asked for is not exchanged", () =>
  withFolder((folder) =>
    whileServing([folder], (first) =>
      whileServing([folder], async (second) => {
        const { port } = new URL(first.url);
        assert.is.not(new URL(second.url).port, port);
        assert.match(second.said, `port ${port} is in use`);
        const refused = await jacoflow(["serve", folder, "--port", port]);
        assert.is(refused.code, 1);
        assert.match(refused.stderr, "ADDRESS_IN_USE");
      }),
    ),
  ),
);

law("a run that is killed is lost, in the list and to `inspect`, until it is resumed and done", () =>
  withFolder(async (folder) => {
    const runs = join(folder, "runs");
    const run = join(runs, "one");
    const file = writeSmallPipeline(folder, {
      train:
        "{ uses: train/gradient-descent, from: [noise, network], with: { optimizer: sgd, learningRate: 0.05, batchSize: 10, epochs: 400, snapshots: { at: [0] } } }",
    });
    const ended = await stoppedMidway(run, () =>
      jacoflow(["run", file, "--out", run, "-v"], {
        onOutput: (child, output) => {
          if (output.split("\n").length >= 12) child.kill("SIGKILL");
        },
      }),
    );
    assert.is(ended.signal, "SIGKILL", ended.stderr);
    await whileServing([runs, "--port", "0"], async ({ states }) => {
      assert.equal(await states(), { one: "lost" });
      const inspected = await jacoflow(["inspect", run]);
      assert.is(inspected.code, 0, inspected.stderr);
      assert.match(inspected.stdout, /^outcome +lost: its process is gone/m);
      const resumed = await jacoflow(["run", file, "--resume", run, "-q"]);
      assert.is(resumed.code, 0, resumed.stderr);
      assert.equal(await states(), { one: "done" });
    });
  }),
);

law.run();
