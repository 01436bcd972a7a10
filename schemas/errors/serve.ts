import { JacoflowError } from "./error.js";

/** Messages about serving runs to a browser. */
export const serveErrors = {
  tokenNeeded: (address: string): JacoflowError =>
    new JacoflowError({
      code: "TOKEN_NEEDED",
      kind: "command-line",
      message: `others can reach ${address}: without a token everybody there could read the runs`,
      place: "--address",
      value: address,
      remedy: "Give a token of your own with --token, or leave --address out to serve this machine alone.",
    }),

  badToken: (): JacoflowError =>
    new JacoflowError({
      code: "BAD_TOKEN",
      kind: "command-line",
      message: "the token is too short: who may try often could guess it",
      place: "--token",
      remedy: "Give 16 characters or more, such as what `openssl rand -hex 16` prints.",
    }),

  addressInUse: (address: string, port: number): JacoflowError =>
    new JacoflowError({
      code: "ADDRESS_IN_USE",
      kind: "run",
      message: `port ${port} of ${address} is in use`,
      place: "--port",
      value: port,
      remedy: "Choose another port, or 0 for any that is free.",
    }),

  cannotListen: (address: string, port: number, cause: unknown): JacoflowError =>
    new JacoflowError({
      code: "CANNOT_LISTEN",
      kind: "run",
      message: `cannot listen on ${address}, port ${port}: ${cause instanceof Error ? cause.message : String(cause)}`,
      place: "--address",
      value: address,
      remedy: "Name an address of this machine, and a port that you may use.",
      cause,
    }),

  notAFolder: (path: string): JacoflowError =>
    new JacoflowError({
      code: "NO_RUNS_FOLDER",
      kind: "invalid",
      message: `${path} is not a folder`,
      place: path,
      value: path,
      remedy: "Name the folder that holds run folders, `runs` unless --out says another.",
    }),
} as const;
