import type { Histogram } from "./histogram.js";
import { Message } from "./message.js";
import { record } from "./record.js";

/** One number or one histogram under a tag. */
export type Value =
  | { readonly tag: string; readonly scalar: number }
  | { readonly tag: string; readonly histogram: Histogram };

/**
 * The record that begins an event file (event.proto of TensorFlow: Event.wall_time = 1, step = 2, file_version = 3,
 * summary = 5).
 */
export function firstRecord(wallTime: number): Uint8Array {
  return record(new Message().double(1, wallTime).text(3, "brain.Event:2").done());
}

/** The record of the values of one step; seconds since 1970. */
export function eventRecord(wallTime: number, step: bigint, values: readonly Value[]): Uint8Array {
  const summary = new Message();
  for (const value of values) summary.message(1, summaryValue(value));
  return record(new Message().double(1, wallTime).integer(2, step).message(5, summary).done());
}

/** Summary.Value of summary.proto: tag = 1, simple_value = 2, histo = 5. */
function summaryValue(value: Value): Message {
  const message = new Message().text(1, value.tag);
  if ("scalar" in value) return message.float(2, value.scalar);
  const { smallest, largest, count, sum, sumOfSquares, limits, counts } = value.histogram;
  return message.message(
    5,
    new Message()
      .double(1, smallest)
      .double(2, largest)
      .double(3, count)
      .double(4, sum)
      .double(5, sumOfSquares)
      .doubles(6, limits)
      .doubles(7, counts),
  );
}
