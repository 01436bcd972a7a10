import { setTimeout as pause } from "node:timers/promises";

/** Seconds after which what did not come will not come: a busy machine takes its time. */
const patience = 120;

/** Looks until something holds. Throws an error that says what was waited for when it does not within two minutes. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 1000 * patience;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited ${patience} s until ${what}`);
    await pause(10);
  }
}

/**
 * What is promised, or an error that says what was waited for, and what is known of it by then, when it takes more than
 * `seconds`.
 */
export async function inTime<Value>(
  promised: Promise<Value>,
  what: () => string,
  seconds = patience,
): Promise<Value> {
  const over = new AbortController();
  const late = pause(1000 * seconds, undefined, { signal: over.signal }).then(() => {
    throw new Error(`waited ${seconds} s for ${what()}`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([promised, late]);
  } finally {
    over.abort();
  }
}
