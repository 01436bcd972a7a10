import { nativeErrors } from "../../schemas/errors/native.js";
import { networkErrors } from "../../schemas/errors/network.js";
import type { WorkOptions } from "../engine.js";
import { type Binding, calls, type Fault, type Handle, type NativeArray } from "./binding.js";

/** Largest single result: beyond it JavaScript's typed arrays and most machines' memory give up unkindly. */
export const resultLimit = 2 ** 31;

export interface Job {
  readonly call: keyof typeof calls;
  readonly model?: Handle<"holder">;
  readonly training?: Handle<"holder">;
  readonly arrays?: readonly NativeArray[];
  readonly numbers?: readonly number[];
  readonly work?: WorkOptions | undefined;
  /** Turns a fault of the core into the error that names what is at fault. */
  readonly explain?: (fault: Fault, message: string, value: number) => Error | undefined;
}

/** The queue of one engine: jobs run one after the other on its threads, off the event loop. */
export interface Jobs {
  readonly binding: Binding;
  readonly engine: Handle<"engine">;
  /** Resolves to the number a job answers with (0 for most). Rejects with the signal's reason when it aborts. */
  run(job: Job): Promise<number>;
  /** Running jobs are cancelled and reject. */
  close(): void;
}

export function startJobs(binding: Binding, threads: number): Jobs {
  const engine = binding.openEngine(threads);
  let closed = false;

  function run({ call, model, training, arrays = [], numbers = [], work, explain }: Job): Promise<number> {
    if (closed) return Promise.reject(networkErrors.engineClosed("native"));
    const signal = work?.signal;
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const onAbort = () => binding.cancel(job);
      const job = binding.submit(
        engine,
        calls[call],
        model,
        training,
        arrays,
        numbers,
        (fault, message, value, result) => {
          signal?.removeEventListener("abort", onAbort);
          if (fault === null) resolve(result);
          else if (fault === "cancelled")
            reject(signal?.aborted ? signal.reason : networkErrors.engineClosed("native"));
          else reject(explain?.(fault, message, value) ?? faultError(call, fault, message, value));
        },
        work?.onProgress,
      );
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  return {
    binding,
    engine,
    run,
    close() {
      if (closed) return;
      closed = true;
      binding.closeEngine(engine);
    },
  };
}

function faultError(call: string, fault: Fault, message: string, value: number): Error {
  switch (fault) {
    case "outOfMemory":
      return nativeErrors.outOfMemory(message, value);
    case "notConverged":
      return nativeErrors.notConverged(value);
    case "notFinite":
      return nativeErrors.notFinite(message, `element ${value}`, "NaN or infinity");
    default:
      return nativeErrors.invalidArgument(call, message, value);
  }
}

/** A result's array, or NATIVE_RESULT_TOO_LARGE / NATIVE_OUT_OF_MEMORY. */
export function result32(what: string, rows: number, columns: number): Float32Array {
  return allocate(what, rows * columns, Float32Array);
}

export function result64(what: string, rows: number, columns: number): Float64Array {
  return allocate(what, rows * columns, Float64Array);
}

function allocate<A>(
  what: string,
  length: number,
  Type: { new (length: number): A; BYTES_PER_ELEMENT: number },
): A {
  const bytes = length * Type.BYTES_PER_ELEMENT;
  if (bytes > resultLimit) throw nativeErrors.resultTooLarge(what, bytes, resultLimit);
  try {
    return new Type(length);
  } catch (cause) {
    if (cause instanceof RangeError) throw nativeErrors.outOfMemory(what, bytes);
    throw cause;
  }
}

/** Rows × columns must be what the array holds. */
export function checkMatrix(
  what: string,
  matrix: { readonly rows: number; readonly columns: number; readonly values: { readonly length: number } },
): void {
  const { rows, columns, values } = matrix;
  const whole = Number.isSafeInteger(rows) && Number.isSafeInteger(columns) && rows >= 0 && columns >= 0;
  if (!whole || values.length !== rows * columns) {
    throw nativeErrors.invalidArgument(what, `${rows} × ${columns} with ${values.length} values`, [
      rows,
      columns,
    ]);
  }
}
