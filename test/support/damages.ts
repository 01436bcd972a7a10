import { open, rm, truncate } from "node:fs/promises";

/** Turns one bit of a file. */
export async function flip(path: string, at: number): Promise<void> {
  const file = await open(path, "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  byte[0] ^= 0x10;
  await file.write(byte, 0, 1, at);
  await file.close();
}

/** Every way in which a part may be other than it was: what it does to a file of so many bytes. */
export const damages: Readonly<Record<string, (path: string, size: number) => Promise<void>>> = {
  "a bit of its first bytes flipped": (path) => flip(path, 1),
  "a bit of its pages flipped": (path, size) => flip(path, Math.floor(size / 3)),
  "a bit of its footer flipped": (path, size) => flip(path, size - 60),
  "a bit of the length of its footer flipped": (path, size) => flip(path, size - 6),
  "a bit of its last byte flipped": (path, size) => flip(path, size - 1),
  "its end cut off": (path, size) => truncate(path, size - 100),
  "all of it cut off": (path) => truncate(path, 0),
  "bytes after its end": (path, size) => truncate(path, size + 3),
  "no file": (path) => rm(path),
};
