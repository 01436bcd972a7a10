import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Ended, jacoflow, repository } from "../support/builtCommandLine.js";

/** When a process is killed: at the n-th moment of a phase, at the n-th of any, or so long after its start. */
export type Moment =
  | { readonly phase: string; readonly occurrence: number }
  | { readonly milliseconds: number };

export interface Life extends Ended {
  /** The phases it went through, in order. */
  readonly trace: readonly string[];
  readonly killed: boolean;
}

/** Runs the built program on a run folder, and kills it at the moment, if any. */
export async function live(words: readonly string[], runFolder: string, moment?: Moment): Promise<Life> {
  const trace = `${runFolder}.trace`;
  rmSync(trace, { force: true });
  const planned = moment !== undefined && "phase" in moment ? moment : {};
  const ended = await jacoflow(words, {
    environment: {
      NODE_OPTIONS: `--import=${pathToFileURL(join(repository, "test/kills/hook.mjs")).href}`,
      JACOFLOW_KILL: JSON.stringify({ trace, folder: runFolder, ...planned }),
    },
    ...(moment !== undefined && "milliseconds" in moment ? { onStart: killAfter(moment.milliseconds) } : {}),
  });
  const phases = existsSync(trace) ? readFileSync(trace, "utf8").split("\n").slice(0, -1) : [];
  return { ...ended, trace: phases, killed: ended.signal === "SIGKILL" };
}

const killAfter = (milliseconds: number) => (child: { kill(signal: "SIGKILL"): boolean }) => {
  setTimeout(() => child.kill("SIGKILL"), milliseconds).unref();
};
