import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** What a server lets in. */
export interface Door {
  /** The address it listens on. */
  readonly address: string;
  readonly port: number;
  /** Asked for when given. */
  readonly token: string | undefined;
}

/** What is asked, of a request. */
export interface Asked {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** `token` of the address, if any. */
  readonly token: string | undefined;
}

/** Why a request is not served: its status and what to say. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
}

/** Name of the cookie with the token: a browser sends those of every port of a machine to each. */
export const tokenCookieOf = ({ port }: Door) => `jacoflow-token-${port}`;

/** Whether only programs of this machine can reach an address. */
export function isLoopback(address: string): boolean {
  return /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(address) || address === "::1" || address === "localhost";
}

/**
 * Why a request is refused; undefined for one that is right. Without a token the Host header has to be one of this
 * machine's own names, or a page elsewhere could read a run through a name of its own that leads here (DNS rebinding);
 * with a token it is the token that such a page has not.
 */
export function refusalOf(asked: Asked, door: Door): Refusal | undefined {
  if (asked.method !== "GET") return { status: 405, reason: "only GET is answered here" };
  if (isFromElsewhere(asked.headers)) return { status: 403, reason: "asked for by a page from elsewhere" };
  if (door.token === undefined) {
    if (isOwnName(asked.headers.host, door)) return undefined;
    return { status: 421, reason: "the Host header names another machine" };
  }
  const given = asked.token ?? bearer(asked.headers.authorization) ?? cookieOf(asked.headers.cookie, door);
  if (given !== undefined && isSame(given, door.token)) return undefined;
  return { status: 401, reason: "the token is missing or wrong: open the address that jacoflow printed" };
}

/** Whether a page of another place asks, be it of this machine; a link on one may be followed. */
function isFromElsewhere({ origin, host, ...headers }: IncomingHttpHeaders): boolean {
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) return true;
  const site = headers["sec-fetch-site"];
  return (site === "cross-site" || site === "same-site") && headers["sec-fetch-mode"] !== "navigate";
}

function isOwnName(host: string | undefined, { address, port }: Door): boolean {
  const bracketed = address.includes(":") ? `[${address}]` : address;
  const names = ["127.0.0.1", "localhost", "[::1]", bracketed];
  return names.some((name) => host?.toLowerCase() === `${name}:${port}` || (port === 80 && host === name));
}

function bearer(header: string | undefined): string | undefined {
  return /^Bearer (.+)$/i.exec(header ?? "")?.[1];
}

function cookieOf(header: string | undefined, door: Door): string | undefined {
  const start = `${tokenCookieOf(door)}=`;
  const pairs = (header ?? "").split(";").map((pair) => pair.trim());
  const found = pairs.find((pair) => pair.startsWith(start));
  return found === undefined ? undefined : unescaped(found.slice(start.length));
}

/** Text with its %-escapes read; undefined when they are none. */
export function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** In a time that does not tell how much of it is right. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
