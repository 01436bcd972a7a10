import { appendFileSync } from "node:fs";

/** A hook of Node's loader: notes the address of a module, and loads it as always. */
export function load(url, context, next) {
  appendFileSync(process.env.MODULE_LIST, `${url}\n`);
  return next(url, context);
}
