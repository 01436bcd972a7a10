import { availableParallelism } from "node:os";
import type { Engine, EngineRates } from "../engine.js";
import { nativeAlgebra } from "./algebra.js";
import { loadBinding } from "./binding.js";
import { startJobs } from "./jobs.js";
import { openModel } from "./model.js";

export interface NativeEngineOptions {
  /** Default: as many as the machine runs at once. */
  readonly threads?: number;
}

/**
 * The native engine (design §5): C++ on a pool of threads of its own. Builds its library first when there is a compiler
 * and the sources are newer; rejects with NATIVE_NOT_BUILT and the reason when there is no library.
 */
export async function createNativeEngine(options: NativeEngineOptions = {}): Promise<Engine> {
  const threads = Math.max(1, Math.min(1024, Math.floor(options.threads ?? availableParallelism())));
  const binding = await loadBinding();
  const jobs = startJobs(binding, threads);
  return {
    name: "native",
    threads,
    rates: ratesOf(binding.instructions, threads),
    versions: { instructions: binding.instructions },
    algebra: nativeAlgebra(jobs),
    open: (network) => openModel(jobs, network),
    close: async () => jobs.close(),
  };
}

/** Measured on two cores with AVX-512; the products scale with threads and vectors, the reduction waits for memory. */
function ratesOf(instructions: string, threads: number): EngineRates {
  const vectors = instructions === "avx512" ? 1 : instructions === "avx2" ? 0.5 : 0.2;
  const network = 100e9 * threads * vectors;
  return { network, held: network, algebra: 40e9 * threads * vectors, reduction: 3.5e9 };
}

/** What `threads` threads can do at most on this machine, in flops a second: multiply-adds on registers alone. */
export async function peakFlops(threads: number): Promise<number> {
  const jobs = startJobs(await loadBinding(), threads);
  try {
    await jobs.run({ call: "peak", numbers: [20] });
    return await jobs.run({ call: "peak", numbers: [60] });
  } finally {
    jobs.close();
  }
}
