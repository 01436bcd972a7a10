import { spawn } from "node:child_process";
import { countAsOurs } from "./measure.js";

/** What a script prints as JSON, run in a process of its own that counts as ours and may collect garbage; rejects when it fails. */
export function answerOf<Answer>(script: string, given: readonly (string | number)[]): Promise<Answer> {
  const child = spawn(
    process.execPath,
    ["--expose-gc", "--import", import.meta.resolve("tsx"), script, ...given.map(String)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  if (child.pid !== undefined) countAsOurs(child.pid);
  return new Promise((resolve, reject) => {
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(JSON.parse(said) as Answer);
      else reject(new Error(`${script} ${given.join(" ")} ended with ${code}`));
    });
  });
}
