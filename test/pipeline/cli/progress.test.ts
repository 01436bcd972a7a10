import { suite } from "uvu";
import * as assert from "uvu/assert";
import { progressDisplay } from "../../../pipeline/cli/progress.js";
import { recordedTerminal } from "../../support/recordedTerminal.js";

const law = suite("progress");

const step = (done: number, total = 100) =>
  ({ kind: "stage-progress", stage: "train", seconds: 0, done, total, unit: "steps" }) as const;

/** A display with a clock the test turns. */
function display(interactive: boolean, verbosity: "quiet" | "normal" | "verbose" | "debug" = "normal") {
  const clock = { time: 0 };
  const { terminal, written } = recordedTerminal(interactive);
  return { clock, written, ...progressDisplay(terminal, verbosity, () => clock.time) };
}

law("a terminal gets one line drawn over, with rate and time left", () => {
  const { clock, written, observe } = display(true);
  observe(step(0));
  clock.time = 2000;
  observe(step(20));
  const last = written.talk.split("\r").at(-1) as string;
  assert.match(last, /train .*20 % 10 steps\/s, 8\.00 s left/);
  assert.not.match(written.talk, /\n/);
});

law("elsewhere lines are plain, one in ten seconds; quick stages say only that they are done", () => {
  const { clock, written, observe } = display(false);
  for (let done = 0; done <= 100; done += 1) {
    clock.time = done * 250;
    observe(step(done));
  }
  observe({ ...step(5, 5), stage: "quick" });
  observe({ kind: "stage-ended", stage: "quick", seconds: 25, outcome: "done" });
  assert.is(
    written.talk,
    [
      "train: 40 of 100 steps, 4.0 steps/s, 15.0 s left",
      "train: 80 of 100 steps, 4.0 steps/s, 5.00 s left",
      "quick done at 25.0 s",
      "",
    ].join("\n"),
  );
});

law("a stage that starts a new total is timed anew", () => {
  const { clock, written, observe } = display(false);
  observe(step(0));
  clock.time = 100_000;
  observe(step(100));
  observe(step(0, 50));
  clock.time = 111_000;
  observe(step(11, 50));
  assert.match(written.talk, /11 of 50 steps, 1\.0 steps\/s, 39\.0 s left/);
});

law("the phase stands beside how far the stage is", () => {
  for (const [interactive, wanted] of [
    [true, /train .*30 %, sweep 2 of about 5, 2\.0 steps\/s/],
    [false, /train: sweep 2 of about 5, 30 of 100 steps, 2\.0 steps\/s/],
  ] as const) {
    const { clock, written, observe } = display(interactive);
    observe({ ...step(0), phase: "sweep 1 of about 5" });
    clock.time = 15_000;
    observe({ ...step(30), phase: "sweep 2 of about 5" });
    assert.match(written.talk, wanted);
  }
});

law("quiet says nothing at all", () => {
  const { written, observe } = display(true, "quiet");
  observe({ kind: "run-started", name: "a", runFolder: "b", stages: ["train"], edges: () => [] });
  observe(step(3));
  observe({ kind: "log", entry: { time: "", level: "warning", message: "hm" } });
  assert.is(written.talk, "");
});

law("warnings are always said, information when verbose, the rest when debugging", () => {
  const said = (verbosity: "normal" | "verbose" | "debug") => {
    const { written, observe } = display(false, verbosity);
    for (const level of ["debug", "info", "warning", "error"] as const) {
      observe({ kind: "log", entry: { time: "", level, stage: "svd", message: level } });
    }
    return written.talk;
  };
  assert.is(said("normal"), "warning: svd: warning\nerror: svd: error\n");
  assert.is(said("verbose"), `svd: info\n${said("normal")}`);
  assert.is(said("debug"), `svd: debug\n${said("verbose")}`);
});

law("a line never outgrows the terminal", () => {
  const { terminal, written } = recordedTerminal(true, 40);
  const { observe } = progressDisplay(terminal, "normal", () => 0);
  for (const stage of ["one", "two", "three", "four"]) observe({ ...step(1), stage });
  for (const line of written.talk.split("\r\u001b[K")) assert.ok(line.length < 40);
});

law.run();
