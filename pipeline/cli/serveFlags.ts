import { commandLineErrors } from "../../schemas/errors/commandLine.js";
import { serveErrors } from "../../schemas/errors/serve.js";

/** Where the page is unless told otherwise. */
export const defaultPort = 4180;
const shortestToken = 16;

/** A port from the command line; empty or not given: the default. Errors: BAD_FLAG_VALUE. */
export function parsePort(flag: string, text: string | undefined): number {
  if (text === undefined || text === "") return defaultPort;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw commandLineErrors.badFlagValue(
      flag,
      text,
      "a port",
      "Give a number from 0 (any that is free) to 65535.",
    );
  }
  return port;
}

/** Errors: BAD_TOKEN for one that could be guessed. */
export function parseToken(token: string | undefined): string | undefined {
  if (token !== undefined && token.length < shortestToken) throw serveErrors.badToken();
  return token;
}
