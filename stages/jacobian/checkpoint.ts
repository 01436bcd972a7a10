import { createHash } from "node:crypto";
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Matrix, Matrix64 } from "../../engine/engine.js";
import type { KrylovKeeper, KrylovState } from "../../engine/spectrum/krylovState.js";
import { sharedMatrix } from "../../engine/spectrum/products.js";
import { piecesOf } from "../../schemas/digest.js";
import { JacoflowError } from "../../schemas/errors/error.js";
import { runErrors } from "../../schemas/errors/pipeline.js";
import { AtomicFile, type FileSystem, writeFileAtomically } from "../sinks/files.js";

/** What a Jacobian's spectrum is of, each part as text or as a digest: a state of any other is refused. */
export type Identity = Readonly<Record<string, string>>;

/** What a sweep took, with what was made of it until the next. */
export interface SweepTime {
  readonly seconds: number;
  /** Of all threads of the process. */
  readonly processorSeconds: number;
}

/** A matrix in a file of its own: float32, row after row, little-endian. */
interface KeptMatrix {
  readonly file: string;
  readonly rows: number;
  readonly columns: number;
  /** SHA-256 of the file, hexadecimal. */
  readonly digest: string;
}

/** `state.json`, beside the SHA-256 of its own text. Float64 arrays are base64 of their bytes, which keeps every bit. */
interface KeptState {
  readonly format: 1;
  readonly identity: Identity;
  readonly blocks: readonly KeptMatrix[];
  readonly products: readonly KeptMatrix[];
  readonly gram: string;
  readonly squaredNorms: string;
  readonly skipped: readonly { readonly offset: number; readonly size: number; readonly gram: string }[];
  readonly unconfirmed: boolean;
  readonly leastSweeps: number;
  readonly drawn: number;
  readonly times: readonly SweepTime[];
}

export interface CheckpointSettings {
  /** Of this Jacobian alone; made when there is something to keep. */
  readonly folder: string;
  /** Is asked for when there is a state to compare or to keep. */
  readonly identity: () => Promise<Identity>;
  /** Nothing is kept while less than this would be lost. */
  readonly seconds: number;
  readonly files: FileSystem;
  /** Of the sweeps that a state holds: kept with it, and put here when it is restored. */
  readonly times: SweepTime[];
  /** Is told of a checkpoint that cannot be used. */
  readonly warn: (message: string) => void;
  /** Is told of one that is gone on from, by sweeps. */
  readonly resumed: (sweeps: number) => void;
}

export interface Checkpoint extends KrylovKeeper {
  /** Keeps the last state that `keep` was given, however little would be lost: the run is being stopped. */
  keepLatest(): Promise<void>;
  /** Takes it away: the spectrum is there. */
  remove(): Promise<void>;
}

const stateFile = "state.json";

/**
 * The state of block Krylov in a folder. Each matrix is written once, when it is new; `state.json`, which names them with
 * their digests, is renamed into place last, so that a process killed at any moment leaves the state before or the one after.
 *
 * A state that is cut off, changed or of another form is left alone with a warning, and the work begins anew.
 * @throws JacoflowError CHECKPOINT_OF_OTHER_RUN from `restore`; DISK_FULL, WRITE_FAILED from `keep`
 */
export function spectrumCheckpoint(settings: CheckpointSettings): Checkpoint {
  const { folder, files, times } = settings;
  const blocks: KeptMatrix[] = [];
  const products: KeptMatrix[] = [];
  let keptAt = performance.now();
  /** Given since the last one was kept. */
  let latest: KrylovState | undefined;
  let known: Promise<Identity> | undefined;
  const identity = () => {
    known ??= settings.identity();
    return known;
  };

  const restore = async (): Promise<KrylovState | undefined> => {
    const path = join(folder, stateFile);
    const text = await readFile(path, "utf8").catch(() => undefined);
    if (text === undefined) return undefined;
    try {
      const kept = stateIn(text);
      refuseOther(kept.identity, await identity(), path);
      const state = await readState(folder, kept);
      blocks.push(...kept.blocks);
      products.push(...kept.products);
      times.push(...kept.times);
      settings.resumed(state.products.length);
      return state;
    } catch (error) {
      if (error instanceof JacoflowError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      settings.warn(`the checkpoint ${path} cannot be used, so that the work begins anew: ${reason}`);
      return undefined;
    }
  };

  const writeNew = async (kind: string, all: readonly Matrix[], written: KeptMatrix[]): Promise<void> => {
    for (let index = written.length; index < all.length; index += 1) {
      const file = `${kind}-${String(index + 1).padStart(3, "0")}.f32`;
      written.push(await writeMatrix(folder, file, all[index], files));
    }
  };

  const keep = async (state: KrylovState): Promise<void> => {
    const { blocks, products, squaredNorms, skipped } = state;
    // Its lists grow afterwards.
    latest = {
      ...state,
      ...{ blocks: [...blocks], products: [...products] },
      ...{ squaredNorms: [...squaredNorms], skipped: [...skipped] },
    };
    if ((performance.now() - keptAt) / 1000 >= settings.seconds) await keepLatest();
  };

  const keepLatest = async (): Promise<void> => {
    const state = latest;
    if (state === undefined) return;
    await mkdir(folder, { recursive: true }).catch((error: unknown) => {
      throw runErrors.writeFailed(folder, error);
    });
    await writeNew("block", [...state.blocks, state.next], blocks);
    await writeNew("product", state.products, products);
    const { unconfirmed, leastSweeps, drawn } = state;
    const kept: KeptState = {
      format: 1,
      identity: await identity(),
      ...{ blocks, products, unconfirmed, leastSweeps, drawn, times },
      gram: base64(state.gram.values),
      squaredNorms: base64(Float64Array.from(state.squaredNorms)),
      skipped: state.skipped.map(({ offset, gram }) => ({
        offset,
        size: gram.rows,
        gram: base64(gram.values),
      })),
    };
    const text = JSON.stringify({ ...kept, digest: digestOfText(JSON.stringify(kept)) });
    await writeFileAtomically(join(folder, stateFile), `${text}\n`, files);
    keptAt = performance.now();
    latest = undefined;
  };

  return { restore, keep, keepLatest, remove: () => rm(folder, { recursive: true, force: true }) };
}

function stateIn(text: string): KeptState {
  const { digest, ...kept } = (JSON.parse(text) ?? {}) as Partial<KeptState & { readonly digest: string }>;
  if (kept.format !== 1) throw new Error(`its format is ${JSON.stringify(kept.format)}, not 1`);
  if (digest !== digestOfText(JSON.stringify(kept))) throw new Error("it is not what was written");
  return kept as KeptState;
}

const digestOfText = (text: string) => createHash("sha256").update(text).digest("hex");

function refuseOther(found: Identity, expected: Identity, path: string): void {
  const names = [...new Set([...Object.keys(found), ...Object.keys(expected)])];
  const different = names.filter((name) => found[name] !== expected[name]);
  if (different.length > 0) throw runErrors.checkpointOfOtherRun(path, different);
}

async function readState(folder: string, kept: KeptState): Promise<KrylovState> {
  const blocks: Matrix[] = [];
  for (const each of kept.blocks) blocks.push(await readMatrix(folder, each));
  const products: Matrix[] = [];
  for (const each of kept.products) products.push(await readMatrix(folder, each));
  const columns = products.reduce((sum, product) => sum + product.columns, 0);
  return {
    blocks: blocks.slice(0, -1),
    next: blocks[blocks.length - 1],
    products,
    gram: squareMatrix(kept.gram, columns),
    squaredNorms: [...float64In(kept.squaredNorms, columns)],
    skipped: kept.skipped.map(({ offset, size, gram }) => ({ offset, gram: squareMatrix(gram, size) })),
    unconfirmed: kept.unconfirmed,
    leastSweeps: kept.leastSweeps,
    drawn: kept.drawn,
  };
}

async function writeMatrix(
  folder: string,
  file: string,
  { rows, columns, values }: Matrix,
  files: FileSystem,
): Promise<KeptMatrix> {
  const target = new AtomicFile(join(folder, file), files);
  const digest = createHash("sha256");
  for (const piece of piecesOf(values)) {
    digest.update(piece);
    await target.append(piece);
  }
  await target.complete();
  return { file, rows, columns, digest: digest.digest("hex") };
}

async function readMatrix(folder: string, { file, rows, columns, digest }: KeptMatrix): Promise<Matrix> {
  const matrix = sharedMatrix(rows, columns);
  const found = createHash("sha256");
  const handle = await open(join(folder, file));
  try {
    for (const piece of piecesOf(matrix.values)) {
      for (let at = 0; at < piece.length; ) {
        const { bytesRead } = await handle.read(piece, at, piece.length - at);
        if (bytesRead === 0) throw new Error(`${file} ends before its ${4 * rows * columns} bytes`);
        at += bytesRead;
      }
      found.update(piece);
    }
  } finally {
    await handle.close();
  }
  if (found.digest("hex") !== digest) throw new Error(`${file} is not what was written`);
  return matrix;
}

function base64({ buffer, byteOffset, byteLength }: Float64Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}

function float64In(text: string, length: number): Float64Array {
  const bytes = Uint8Array.from(Buffer.from(text, "base64"));
  if (bytes.length !== 8 * length)
    throw new Error(`it holds ${bytes.length / 8} numbers where ${length} belong`);
  return new Float64Array(bytes.buffer);
}

function squareMatrix(text: string, size: number): Matrix64 {
  return { rows: size, columns: size, values: float64In(text, size * size) };
}
