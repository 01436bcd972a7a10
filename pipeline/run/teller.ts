import { hideSecrets, type Secret, withoutSecrets } from "../../schemas/secrets.js";
import type { LogLevel } from "../stage.js";
import type { RunLog } from "./log.js";
import type { LogEntry, RunEvent, RunObserver } from "./progress.js";

/** Tells the log and the observers of a run what happens. What an observer throws goes to the log only. */
export class Teller {
  readonly #observers: readonly RunObserver[];
  readonly #secrets: readonly Secret[];
  readonly #start = performance.now();
  #log: RunLog | undefined;

  /** What is told has no `secrets` in it. */
  constructor(observers: readonly RunObserver[], secrets: readonly Secret[] = []) {
    this.#observers = observers;
    this.#secrets = secrets;
  }

  /** From here on the log is written. */
  writeTo(log: RunLog): void {
    this.#log = log;
  }

  /** Since the run began. */
  get seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  say(level: LogLevel, message: string, facts: Readonly<Record<string, unknown>> = {}, stage?: string): void {
    const told = withoutSecrets(facts, this.#secrets) as typeof facts;
    const entry: LogEntry = {
      time: new Date().toISOString(),
      level,
      ...(stage === undefined ? {} : { stage }),
      message: hideSecrets(message, this.#secrets),
      ...(Object.keys(facts).length === 0 ? {} : { facts: told }),
    };
    this.#log?.add(entry);
    this.notify({ kind: "log", entry });
  }

  notify(event: RunEvent): void {
    for (const observe of this.#observers) {
      try {
        observe(event);
      } catch (error) {
        this.#log?.add({
          time: new Date().toISOString(),
          level: "warning",
          message: "an observer of the run threw",
          facts: { reason: String(error) },
        });
      }
    }
  }
}
