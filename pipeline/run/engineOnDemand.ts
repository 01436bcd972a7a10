import type { Engine } from "../stage.js";

/** The run's engine: started when a stage first asks, once, and closed with the run. */
export class EngineOnDemand {
  readonly #create: () => Promise<Engine>;
  #starting: Promise<Engine> | undefined;
  #engine: Engine | undefined;

  constructor(create: () => Promise<Engine>) {
    this.#create = create;
  }

  /** Undefined as long as it has not started. */
  get engine(): Engine | undefined {
    return this.#engine;
  }

  start(): Promise<Engine> {
    this.#starting ??= this.#create().then((engine) => {
      this.#engine = engine;
      return engine;
    });
    return this.#starting;
  }

  /** Also waits for one that is still starting. Rejects only if closing fails: starting is who asked's affair. */
  async close(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    await this.#engine?.close();
  }
}
