/** Calls `tell` with what is thrown or rejected and nobody handles, until the function it returns is called. */
export function onUnhandled(tell: (cause: unknown) => void): () => void {
  process.on("uncaughtException", tell).on("unhandledRejection", tell);
  return () => {
    process.off("uncaughtException", tell).off("unhandledRejection", tell);
  };
}
