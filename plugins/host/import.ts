import { pathToFileURL } from "node:url";
import { pluginErrors } from "../../schemas/errors/plugins.js";
import { onUnhandled } from "./unhandled.js";
import { startWatchdog } from "./watchdog.js";

const exitProcess = process.exit;

/**
 * What the module of a plugin exports. What its code throws later while it is loaded, in a timer or a promise nobody
 * awaits, counts as thrown by it, and so does a call of `process.exit`. PLUGIN_NOT_LOADABLE, PLUGIN_TOO_SLOW.
 *
 * @param name as the plugin was asked for
 * @param secondsAllowed for what the module computes and awaits
 */
export async function importPlugin(
  name: string,
  file: string,
  secondsAllowed: number,
): Promise<Readonly<Record<string, unknown>>> {
  const watchdog = startWatchdog();
  watchdog.allow(secondsAllowed);
  let timer: NodeJS.Timeout | undefined;
  let fail: (cause: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = (cause) => reject(pluginErrors.notLoadable(name, cause));
    timer = setTimeout(() => reject(pluginErrors.tooSlow(name, secondsAllowed)), secondsAllowed * 1000);
  });
  const ignore = onUnhandled(fail);
  process.exit = refuseExit;
  try {
    return await Promise.race([moduleOf(name, file), failed]);
  } finally {
    process.exit = exitProcess;
    ignore();
    clearTimeout(timer);
    watchdog.close();
  }
}

async function moduleOf(name: string, file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const module = await import(pathToFileURL(file).href);
    // Rejections that nobody handles are told of after this turn.
    await new Promise((resolve) => setImmediate(resolve));
    return module;
  } catch (error) {
    throw pluginErrors.notLoadable(name, error);
  }
}

function refuseExit(code?: number | string | null): never {
  throw new Error(`it calls process.exit(${code ?? ""})`);
}
