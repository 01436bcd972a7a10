import { JacoflowError } from "../../schemas/errors/error.js";

/** Whether a stage's error only says that it was stopped. */
export function isStop(error: unknown, ...signals: readonly AbortSignal[]): boolean {
  if (signals.some((signal) => signal.aborted && signal.reason === error)) return true;
  if (error instanceof JacoflowError) return error.code === "RUN_STOPPED";
  return error instanceof Error && error.name === "AbortError";
}

/** Whether the work was done within the time; it goes on if not. */
export async function within(seconds: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), seconds * 1000);
  });
  const inTime = await Promise.race([work.then(() => true as const), late]);
  clearTimeout(timer);
  return inTime;
}
