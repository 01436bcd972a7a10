import type { Hash } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { RecordBatch } from "apache-arrow";
import { JacoflowError } from "../../schemas/errors/error.js";
import { runErrors } from "../../schemas/errors/pipeline.js";
import { heldBytesOf } from "../../schemas/held.js";
import { syncFolder } from "../../schemas/syncFolder.js";
import type { Journal, JournalIdentity, JournalRequest, JournalState, LogLevel } from "../stage.js";
import { makeDurableFolder } from "./folder.js";
import { BatchesFile, type SentBatch, sentBatches } from "./journalBatches.js";
import { hashOfFile, type KeptState, readState, writeState } from "./journalState.js";

/** Of a stage: what its journal is of and who hears of it. */
export interface JournalSettings extends JournalRequest {
  /** Its own; made when there is something to keep. */
  readonly folder: string;
  /** The stage's output ports. */
  readonly ports: readonly string[];
  /** Sends what was sent before; rejects when the run ends. */
  readonly send: (port: string, batch: RecordBatch) => Promise<void>;
  /** Aborts when the run is being stopped. */
  readonly signal: AbortSignal;
  readonly log: (level: LogLevel, message: string, facts?: Readonly<Record<string, unknown>>) => void;
}

/** Bytes of batches held in memory before those that a state may follow go to the file, and before all do. */
const heldBytes = 1 << 24;
const mostBytes = 1 << 26;

const batchesFile = "batches.frames";
const stateFile = /^state-(\d{9})\.bin$/;
const stateName = (number: number) => `state-${String(number).padStart(9, "0")}.bin`;

/** States that stay on the disk: were the last one damaged, the one before would do. */
const statesKept = 2;

/**
 * What a stage sent, in one file of batches, and beside it the states it went on from, each with length and digest of the
 * batches before it. A state appears by a rename, after its batches are on the disk: a process killed at any moment leaves
 * the state before or the one after. What lies behind the last state is cut off.
 */
export class StageJournal implements Journal {
  readonly restored: JournalState | undefined;
  readonly #settings: JournalSettings;
  readonly #ask: () => Promise<JournalIdentity>;
  readonly #file: BatchesFile;
  #held: SentBatch[] = [];
  #heldBytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #sent: number;
  /** Batches that the state offered last follows. */
  #offered: number;
  /** Of the states on the disk that may be gone on from, the last one last. */
  #numbers: readonly number[];
  #next: number;
  #keptAt = performance.now();
  #broken = false;

  private constructor(
    settings: JournalSettings,
    ask: () => Promise<JournalIdentity>,
    found: readonly number[],
    usable: Usable | undefined,
  ) {
    this.#settings = settings;
    this.#ask = ask;
    this.#next = 1 + Math.max(0, ...found);
    this.#numbers = usable === undefined ? [] : [usable.number];
    this.#sent = usable?.state.sent ?? 0;
    this.#offered = this.#sent;
    const kept = usable === undefined ? undefined : { bytes: usable.state.bytes, digest: usable.digest };
    this.#file = new BatchesFile(join(settings.folder, batchesFile), kept);
    this.restored = usable && { facts: usable.state.facts, arrays: usable.state.arrays };
  }

  /**
   * Finds the last whole state, sends again what was sent before it, and resolves to the journal that goes on from there.
   * States that are cut off or changed are named in the log, and passed over.
   * @throws JacoflowError CHECKPOINT_OF_OTHER_RUN; what `send` rejects with
   */
  static async open(settings: JournalSettings): Promise<StageJournal> {
    const { folder, ports, send, log } = settings;
    let known: Promise<JournalIdentity> | undefined;
    const ask = () => {
      known ??= Promise.resolve(settings.identity());
      return known;
    };
    const names = await readdir(folder).catch(() => []);
    const found = names.flatMap((name) => stateFile.exec(name)?.slice(1).map(Number) ?? []);
    let usable: Usable | undefined;
    for (const number of found.sort((left, right) => right - left)) {
      const path = join(folder, stateName(number));
      try {
        usable = await usableState(settings, number);
        refuseOther(usable.state.identity, await ask(), path);
        break;
      } catch (error) {
        if (error instanceof JacoflowError) throw error;
        log("warning", `the checkpoint ${path} cannot be used: ${messageOf(error)}`);
      }
    }
    if (usable === undefined && found.length > 0) log("warning", "no checkpoint can be used: it begins anew");
    const journal = new StageJournal(settings, ask, found, usable);
    if (usable !== undefined) {
      const batches = join(folder, batchesFile);
      for await (const { port, batch } of sentBatches(batches, usable.state.bytes)) {
        await send(ports[port], batch);
      }
    }
    return journal;
  }

  /** Hears of a batch that is sent. The promise, if any, resolves when so many are no longer held in memory. */
  record(port: string, batch: RecordBatch): Promise<void> | undefined {
    if (this.#broken) return undefined;
    this.#held.push({ port: this.#settings.ports.indexOf(port), batch });
    this.#sent += 1;
    this.#heldBytes += heldBytesOf(batch);
    if (this.#heldBytes > mostBytes) return this.#safely(() => this.#write(this.#sent, false));
    // Those behind it may have to be left out of the next state, were the run stopped now.
    if (this.#heldBytes > heldBytes && this.#offered > this.#written) {
      return this.#safely(() => this.#write(this.#offered, false));
    }
    return undefined;
  }

  async keep(state: () => JournalState | Promise<JournalState>, sent = this.#sent): Promise<void> {
    this.#offered = sent;
    const { seconds, signal } = this.#settings;
    const due = signal.aborted || (performance.now() - this.#keptAt) / 1000 >= seconds;
    if (this.#broken || !due) return;
    const { facts, arrays } = await state();
    await this.#safely(async () => {
      if (sent < this.#written) return;
      await this.#write(sent, true);
      await this.#name({ facts, arrays });
    });
    this.#keptAt = performance.now();
  }

  /** Batches that are in the file. */
  get #written(): number {
    return this.#sent - this.#held.length;
  }

  /** Brings what is held of the first `until` batches to the file. */
  async #write(until: number, durable: boolean): Promise<void> {
    const { folder } = this.#settings;
    const written = this.#held.splice(0, Math.max(0, until - this.#written));
    this.#heldBytes = this.#held.reduce((sum, { batch }) => sum + heldBytesOf(batch), 0);
    try {
      await makeDurableFolder(folder);
    } catch (error) {
      throw runErrors.writeFailed(folder, error);
    }
    await this.#file.append(written, durable);
  }

  /** Puts a state for all that is in the file, and removes those that are wanted no more. */
  async #name({ facts, arrays }: JournalState): Promise<void> {
    const { folder, ports } = this.#settings;
    const { bytes, digest } = this.#file;
    const identity = await this.#ask();
    const number = this.#next;
    this.#next += 1;
    const kept: KeptState = { identity, ports, sent: this.#written, bytes, digest, facts, arrays };
    await writeState(join(folder, stateName(number)), kept);
    await syncFolder(folder);
    this.#numbers = [...this.#numbers, number].slice(-statesKept);
    for (const name of await readdir(folder)) {
      const old = stateFile.exec(name);
      const wanted = old === null ? name === batchesFile : this.#numbers.includes(Number(old[1]));
      if (!wanted) await rm(join(folder, name), { force: true });
    }
  }

  /** One piece of writing after the other. After the first that fails there is no other: what is on the disk stays good. */
  #safely(work: () => Promise<void>): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      if (this.#broken) return;
      try {
        await work();
      } catch (error) {
        this.#broken = true;
        this.#held = [];
        const message = `no more checkpoints are kept, the run goes on: ${messageOf(error)}`;
        this.#settings.log("warning", message, error instanceof JacoflowError ? { code: error.code } : {});
      }
    });
    return this.#writing;
  }
}

/** An output as a journal needs it. */
export interface RecordedOutput {
  send(batch: RecordBatch): Promise<void>;
  recordTo(record: (batch: RecordBatch) => Promise<void> | undefined): void;
}

/** The journal of a stage with these outputs; what is sent on them from then on is in it. Errors: those of `StageJournal.open`. */
export async function openJournal(
  settings: Omit<JournalSettings, "ports" | "send">,
  outputs: Readonly<Record<string, RecordedOutput>>,
): Promise<Journal> {
  const journal = await StageJournal.open({
    ...settings,
    ports: Object.keys(outputs),
    send: (port, batch) => outputs[port].send(batch),
  });
  for (const [port, output] of Object.entries(outputs)) {
    output.recordTo((batch) => journal.record(port, batch));
  }
  return { restored: journal.restored, keep: (state, sent) => journal.keep(state, sent) };
}

interface Usable {
  readonly number: number;
  readonly state: KeptState;
  /** Of the batches before it. */
  readonly digest: Hash;
}

/** Throws an Error that says why a state, or what it follows, is not what was written. */
async function usableState({ folder, ports }: JournalSettings, number: number): Promise<Usable> {
  const state = await readState(join(folder, stateName(number)));
  if (state.ports.join() !== ports.join())
    throw new Error(`it is of a stage that sends ${state.ports.join()}`);
  const digest = await hashOfFile(join(folder, batchesFile), state.bytes).catch((error: unknown) => {
    throw new Error(`${batchesFile}: ${messageOf(error)}`);
  });
  if (digest.copy().digest("hex") !== state.digest) throw new Error(`${batchesFile} is not what was written`);
  return { number, state, digest };
}

function refuseOther(found: JournalIdentity, expected: JournalIdentity, path: string): void {
  const names = [...new Set([...Object.keys(found), ...Object.keys(expected)])];
  const different = names.filter((name) => found[name] !== expected[name]);
  if (different.length > 0) throw runErrors.checkpointOfOtherRun(path, different);
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
