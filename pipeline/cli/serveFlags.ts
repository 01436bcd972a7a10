import { commandLineErrors } from "../../schemas/errors/commandLine.js";
import { serveErrors } from "../../schemas/errors/serve.js";

/** Where the page is unless told otherwise. */
export const defaultPort = 4180;
/** Ports tried from there when it is in use. */
const portsTried = 20;
const shortestToken = 16;

/** The ports to try, in order: the one of the command line alone; empty or not given: the usual one and those after it. Errors: BAD_FLAG_VALUE. */
export function parsePorts(flag: string, text: string | undefined): readonly number[] {
  if (text === undefined || text === "")
    return Array.from({ length: portsTried }, (_, at) => defaultPort + at);
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw commandLineErrors.badFlagValue(
      flag,
      text,
      "a port",
      "Give a number from 0 (any that is free) to 65535.",
    );
  }
  return [port];
}

/** Errors: BAD_TOKEN for one that could be guessed. */
export function parseToken(token: string | undefined): string | undefined {
  if (token !== undefined && token.length < shortestToken) throw serveErrors.badToken();
  return token;
}
