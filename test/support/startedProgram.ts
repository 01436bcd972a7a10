import { type ChildProcess, spawn } from "node:child_process";
import { program } from "./builtCommandLine.js";
import { inTime } from "./waiting.js";

/** The built `jacoflow` that serves. */
export interface Started {
  readonly child: ChildProcess;
  readonly url: string;
  readonly ended: Promise<number | null>;
}

/** Starts `jacoflow` and waits for the address it prints. */
export async function start(words: readonly string[], folder: string): Promise<Started> {
  const child = spawn(process.execPath, [program, ...words], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  let said = "";
  const started = new Promise<Started>((resolve, reject) => {
    const hear = (text: Buffer) => {
      said += text;
      const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(said)?.[0];
      if (url !== undefined) resolve({ child, url, ended });
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("close", () => reject(new Error(`it ended: ${said}`)));
  });
  try {
    return await inTime(started, () => `an address from ${words.join(" ")}, which said ${said}`);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

/** Kills it after `use`. */
export async function whileRunning(started: Started, use: () => Promise<void>): Promise<void> {
  try {
    await use();
  } finally {
    started.child.kill("SIGKILL");
    await started.ended;
  }
}
