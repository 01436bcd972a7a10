import { open } from "node:fs/promises";

/** What a system says that synchronises no folders. */
const noFolderSync = ["EINVAL", "EISDIR", "EPERM", "ENOTSUP"];

/** Makes names in a folder outlive a power cut, where the system has a way: files that appeared in it, were renamed or removed. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const handle = await open(path, "r");
    await handle.sync().finally(() => handle.close());
  } catch (error) {
    if (!noFolderSync.includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}
