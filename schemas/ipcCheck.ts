import { FlatBuffer, type Form, refuse, type Slot } from "./flatBuffer.js";

/**
 * Whether bytes are whole Arrow IPC, before Arrow reads them: it follows lengths and offsets wherever they lead, for ever
 * or into all of memory when they are damaged. The messages are FlatBuffers (Schema.fbs, Message.fbs and File.fbs of
 * Apache Arrow).
 */

const text: Slot = { kind: "items", bytes: 1 };
const leaf: Form = () => ({});
const keyValue: Form = () => ({ 0: text, 1: text });
const metadata: Slot = { kind: "tables", of: keyValue };
const field: Form = () => ({
  0: text,
  3: { kind: "table", of: leaf },
  4: { kind: "table", of: leaf },
  5: { kind: "tables", of: field },
  6: metadata,
});
const schema: Form = () => ({ 1: { kind: "tables", of: field }, 2: metadata });
const recordBatch: Form = () => ({
  1: { kind: "items", bytes: 16 },
  2: { kind: "items", bytes: 16 },
  3: { kind: "table", of: leaf },
  4: { kind: "items", bytes: 8 },
});
const dictionaryBatch: Form = () => ({ 1: { kind: "table", of: recordBatch } });
const headers: readonly Form[] = [leaf, schema, dictionaryBatch, recordBatch];
const message: Form = () => ({
  2: { kind: "union", of: (type) => headers[type] ?? leaf },
  4: metadata,
});
const footer: Form = () => ({
  1: { kind: "table", of: schema },
  2: { kind: "items", bytes: 24 },
  3: { kind: "items", bytes: 24 },
  4: metadata,
});

const magic = "ARROW1";
/** Length of the footer and the magic word, at the end of a file. */
const tailBytes = 10;
const continuation = -1;

/** What kind of header a message has, by its place in {@link headers}, and the bytes of its body. */
interface MessageFacts {
  readonly type: number;
  readonly body: number;
}

function checkMessage(bytes: Uint8Array): MessageFacts {
  const walk = new FlatBuffer(bytes);
  const root = walk.follow(0);
  walk.check(root, message);
  const body = walk.number(root, 3);
  if (body < 0) refuse(`a body of ${body} bytes`);
  const type = walk.byte(walk.slot(root, 1));
  const header = walk.slot(root, 2);
  if (header === undefined || type < 2 || type > 3) return { type, body };
  const table = walk.follow(header);
  if (type === 3) checkBatch(walk, table, body);
  else {
    const data = walk.slot(table, 1);
    if (data !== undefined) checkBatch(walk, walk.follow(data), body);
  }
  return { type, body };
}

/** Whether the buffers of a batch lie in its body and no column has more rows than bits. */
function checkBatch(walk: FlatBuffer, batch: number, body: number): void {
  const compressed = walk.slot(batch, 3) !== undefined;
  const buffers = walk.slot(batch, 2);
  const { count, start } = buffers === undefined ? { count: 0, start: 0 } : walk.vector(buffers, 16);
  for (let index = 0; index < count; index += 1) {
    const offset = walk.int64(start + 16 * index);
    const length = walk.int64(start + 16 * index + 8);
    if (offset < 0 || length < 0 || offset + length > body) {
      refuse(`a column's bytes ${offset} … ${offset + length} lie outside the ${body} of its batch`);
    }
  }
  const nodes = walk.slot(batch, 1);
  const columns = nodes === undefined ? { count: 0, start: 0 } : walk.vector(nodes, 16);
  const lengths = [walk.number(batch, 0)];
  for (let index = 0; index < columns.count; index += 1) lengths.push(walk.int64(columns.start + 16 * index));
  for (const rows of lengths) {
    if (rows < 0 || (!compressed && rows > 8 * body)) refuse(`${rows} rows in ${body} bytes`);
  }
}

/** The message that begins at `at`: where its FlatBuffer and its body begin, undefined at the end of the stream. `size`: bytes there are in all. */
function frameAt(
  bytes: Uint8Array,
  at: number,
  size = bytes.byteLength,
): { readonly start: number; readonly length: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (at + 4 > bytes.byteLength) return undefined;
  const first = view.getInt32(at, true);
  // Before version 0.15 there was no mark before the length.
  const start = first === continuation ? at + 8 : at + 4;
  if (start > size) return undefined;
  const length = first === continuation ? view.getInt32(at + 4, true) : first;
  if (length === 0) return undefined;
  if (length < 0 || start + length > size) {
    refuse(`a message of ${length} bytes where ${size - start} follow`);
  }
  return { start, length };
}

function checkFrames(bytes: Uint8Array): void {
  for (let at = 0; ; ) {
    const frame = frameAt(bytes, at);
    if (frame === undefined) return;
    const { body } = checkMessage(bytes.subarray(frame.start, frame.start + frame.length));
    at = frame.start + frame.length + body;
    if (at > bytes.byteLength)
      refuse(`a batch of ${body} bytes, of which ${body + bytes.byteLength - at} are there`);
  }
}

export const isArrowFile = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(6, bytes.byteLength)).toString("latin1") === magic;

/** Where the footer of a file is, from the 10 bytes at its end: its length, then the magic word. */
function footerAt(tail: Uint8Array, size: number): { readonly at: number; readonly length: number } {
  if (tail.byteLength < tailBytes || !isArrowFile(tail.subarray(4))) refuse("its end is missing");
  const length = new DataView(tail.buffer, tail.byteOffset).getInt32(0, true);
  if (length <= 0 || length > size - tailBytes - 8) refuse(`a footer of ${length} bytes`);
  return { at: size - tailBytes - length, length };
}

function checkFooter(bytes: Uint8Array): { readonly walk: FlatBuffer; readonly root: number } {
  const walk = new FlatBuffer(bytes);
  const root = walk.follow(0);
  walk.check(root, footer);
  return { walk, root };
}

function checkFile(bytes: Uint8Array): void {
  const { at: end, length } = footerAt(bytes.subarray(-tailBytes), bytes.byteLength);
  const { walk, root } = checkFooter(bytes.subarray(end, end + length));
  for (const slot of [2, 3]) {
    const at = walk.slot(root, slot);
    if (at === undefined) continue;
    const { count, start } = walk.vector(at, 24);
    for (let index = 0; index < count; index += 1) {
      const offset = walk.int64(start + 24 * index);
      if (offset < 0 || offset > end) refuse(`a batch at byte ${offset}`);
      const frame = frameAt(bytes, offset) ?? refuse(`no batch at byte ${offset}`);
      const { type, body } = checkMessage(bytes.subarray(frame.start, frame.start + frame.length));
      // Arrow looks for the batch that ought to be there for ever.
      if (type !== slot) refuse(`something else than a batch at byte ${offset}`);
      if (frame.start + frame.length + body > end) refuse(`a batch of ${body} bytes at byte ${offset}`);
    }
  }
}

/** Throws, with the reason in words, where the bytes of an Arrow file or stream contradict themselves or are cut off. */
export function checkArrow(bytes: Uint8Array): void {
  if (isArrowFile(bytes)) checkFile(bytes);
  else checkFrames(bytes);
}

/**
 * What an Arrow file or stream says of its schema, checked: the footer of a file, the first message of a stream, which can
 * be read as a stream without batches.
 * @param size of all there is; no more is asked for @param read some bytes, fewer at the end
 */
export async function readSchemaBytes(
  size: number,
  read: (at: number, bytes: number) => Promise<Uint8Array>,
): Promise<{ readonly form: "file" | "stream"; readonly bytes: Uint8Array }> {
  if (isArrowFile(await read(0, 6))) {
    const { at, length } = footerAt(await read(Math.max(0, size - tailBytes), tailBytes), size);
    const bytes = await read(at, length);
    checkFooter(bytes);
    return { form: "file", bytes };
  }
  const frame = frameAt(await read(0, 8), 0, size) ?? refuse("it ends before its schema");
  const bytes = await read(0, frame.start + frame.length);
  checkMessage(bytes.subarray(frame.start));
  return { form: "stream", bytes };
}
