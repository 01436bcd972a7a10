import { setImmediate } from "node:timers/promises";

/**
 * A function that counts work and, whenever `length` of it was done, gives the event loop a turn and an abort its say
 * (the promise rejects with the signal's reason); undefined while it is not yet time.
 */
export function turns(length: number, signal?: AbortSignal): (work: number) => Promise<void> | undefined {
  let done = 0;
  return (work) => {
    done += work;
    if (done < length) return undefined;
    done = 0;
    return setImmediate(undefined, signal === undefined ? {} : { signal });
  };
}
