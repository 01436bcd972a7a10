/** What JSON holds; numbers are finite. */
export type JournalFact =
  | string
  | number
  | boolean
  | null
  | readonly JournalFact[]
  | { readonly [name: string]: JournalFact };

export type JournalArray = Float32Array | Float64Array | Int32Array;

/** What a stage needs to go on with, by names of its own; it comes back with the same bits. */
export interface JournalState {
  readonly facts: Readonly<Record<string, JournalFact>>;
  readonly arrays: Readonly<Record<string, JournalArray>>;
}

/** What a stage's numbers depend on, each as text or as a digest. */
export type JournalIdentity = Readonly<Record<string, string>>;

export interface JournalRequest {
  /** A journal of any other is refused. Asked for once, when there is a state to compare or to keep. */
  readonly identity: () => JournalIdentity | Promise<JournalIdentity>;
  /** Nothing is kept while less than so many seconds would be lost; 0: whenever the stage offers a state. */
  readonly seconds: number;
}

/** What a stage has sent and how it stands, in its checkpoint folder, so that a run that is killed goes on from there. */
export interface Journal {
  /** The last state of the run that was cut off; what that had sent until then has been sent again. Undefined: begin. */
  readonly restored: JournalState | undefined;
  /**
   * Makes what was sent durable, with the state to go on from, which is asked for only when it is time, or when the run is
   * being stopped. Offer one after every piece of work, while nothing is being sent. `sent`: batches on all ports that the
   * state follows, for a stage that is stopped in the middle of a piece; without it all. A disk that takes nothing is a
   * warning of the log: the state before stays.
   */
  keep(state: () => JournalState | Promise<JournalState>, sent?: number): Promise<void>;
}

/** The journal of a stage that runs where nothing is kept. */
export const noJournal: Journal = { restored: undefined, keep: async () => undefined };
