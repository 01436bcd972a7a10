import { JacoflowError } from "../../schemas/errors/error.js";

/** An error of the arithmetic with the place of the option it is about. */
export function placed(error: unknown, place: string): unknown {
  if (!(error instanceof JacoflowError) || error.place === undefined || error.place.includes("."))
    return error;
  const { code, kind, message, value, remedy, cause } = error;
  return new JacoflowError({
    ...{ code, kind, message, value, cause },
    place: `${place}.${error.place}`,
    ...(remedy === undefined ? {} : { remedy }),
  });
}
