import { type ChildProcess, spawn } from "node:child_process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../../support/waiting.js";

const law = suite("pipeline/cli/interrupt");

/** Listens, and says what comes. */
const listening = `
  import { listenForInterruption } from ${JSON.stringify(new URL("../../../pipeline/cli/interrupt.ts", import.meta.url).href)};
  const { signal, received } = listenForInterruption({ talk: () => undefined });
  if (signal.aborted) console.log("stopping as by", received());
  signal.addEventListener("abort", () => console.log("stopping as by", received()));
  process.on("SIGTERM", () => console.log("lives after SIGTERM"));
  setInterval(() => undefined, 1000);
  console.log("listens");
`;

/** Calls `use` with a process that listens and has a channel to this one, and with what waits until it said something. */
async function withListener(
  use: (child: ChildProcess, says: (text: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const words = ["--import", "tsx", "--input-type=module", "--eval", listening];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit", "ipc"] });
  let said = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  const says = async (text: string) => {
    await until(`it says ${text}, or is over`, () => said.includes(text) || isOver());
    assert.match(said, text);
  };
  try {
    await says("listens");
    await use(child, says);
  } finally {
    child.kill("SIGKILL");
  }
}

law("the first signal stops, the second ends at once", () =>
  withListener(async (child, says) => {
    child.kill("SIGTERM");
    await says("stopping as by SIGTERM");
    child.kill("SIGINT");
    await until("it is over", () => child.exitCode !== null);
    assert.is(child.exitCode, 130);
  }),
);

law("that the other end of the channel is gone stops too, and two signals must still come to end it", () =>
  withListener(async (child, says) => {
    child.disconnect();
    await says("stopping as by SIGTERM");
    child.kill("SIGTERM");
    await says("lives after SIGTERM");
    child.kill("SIGTERM");
    await until("it is over", () => child.exitCode !== null);
    assert.is(child.exitCode, 143);
  }),
);

law.run();
