import { open } from "node:fs/promises";

/** Makes names in a folder outlive a power cut: files that appeared in it, were renamed or removed. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
