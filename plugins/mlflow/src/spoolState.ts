import { Type } from "typebox";
import { Check } from "typebox/value";
import type { RunStatus } from "./server.js";

/** Numbers by the `stage.port` that sent them. */
export type Counts = Readonly<Record<string, number>>;

/** What the spool knows of the run besides its numbers. */
export interface SpoolState {
  readonly url: string;
  readonly experiment: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
  /** Whether the server was asked to make the run: it may have, even if its answer was never read. */
  readonly asked?: boolean;
  /** The server's id of the run, once it has one. */
  readonly run?: string;
  /** Whether the server has the parameters. */
  readonly described?: boolean;
  /** Numbers of each origin that the server got from spools before this one. */
  readonly before?: Counts;
  /** Bytes of numbers.ndjson that the server has. */
  readonly sentBytes: number;
  /** How the run ended and when, once it has. */
  readonly end?: { readonly status: RunStatus; readonly time: number } | undefined;
  /** Whether the server knows that it ended: nothing is left to do. */
  readonly ended?: boolean;
}

/** What every state has, that of a run which has not begun on the server too. */
const stateForm = Type.Object({
  ...{ url: Type.String(), experiment: Type.String(), name: Type.String(), start: Type.Number() },
  ...{
    tags: Type.Record(Type.String(), Type.String()),
    parameters: Type.Record(Type.String(), Type.String()),
  },
  sentBytes: Type.Integer({ minimum: 0 }),
});

export function isState(value: unknown): value is SpoolState {
  return Check(stateForm, value);
}
