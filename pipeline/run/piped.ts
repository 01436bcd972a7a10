import { Observable, type Observer, type Operator, Subscriber, type Subscription } from "rxjs";

/** What the end of a pipe needs of its input. */
interface Root {
  readonly hold: (work: Promise<unknown>) => void;
  readonly uncaught: (error: unknown) => void;
}

/**
 * A stream behind operators. What a plain function at its end returns delays the next batch as well, and an error
 * nobody handles is the stage's, where RxJS alone would throw it at the process.
 */
export class Piped<T> extends Observable<T> {
  readonly #root: Root;

  constructor(source: Observable<unknown>, operator: Operator<never, T> | undefined, root: Root) {
    super();
    this.source = source;
    this.operator = operator;
    this.#root = root;
  }

  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    return new Piped<R>(this, operator, this.#root);
  }

  override forEach(handle: (value: T) => void | Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const subscription = this.subscribe({
        next: async (value) => {
          try {
            await handle(value);
          } catch (error) {
            reject(error);
            subscription.unsubscribe();
          }
        },
        error: reject,
        complete: resolve,
      });
    });
  }

  override subscribe(
    observerOrNext?: Partial<Observer<T>> | ((value: T) => unknown) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    if (observerOrNext instanceof Subscriber) return super.subscribe(observerOrNext);
    const observer = observerOf(observerOrNext, error, complete);
    const { hold, uncaught } = this.#root;
    const subscriber = new Subscriber<T>({
      next: (value) => {
        try {
          const work: unknown = observer.next?.(value);
          if (work instanceof Promise) {
            hold(
              work.catch((reason) => {
                subscriber.unsubscribe();
                uncaught(reason);
              }),
            );
          }
        } catch (reason) {
          subscriber.unsubscribe();
          uncaught(reason);
        }
      },
      error: (reason: unknown) => (observer.error === undefined ? uncaught(reason) : observer.error(reason)),
      complete: () => observer.complete?.(),
    });
    return super.subscribe(subscriber);
  }
}

/** What the two ways to call `subscribe` come to. */
export function observerOf<T>(
  observerOrNext: Partial<Observer<T>> | ((value: T) => unknown) | null | undefined,
  error: ((error: unknown) => void) | null | undefined,
  complete: (() => void) | null | undefined,
): Partial<Observer<T>> {
  if (typeof observerOrNext !== "function") return observerOrNext ?? {};
  return { next: observerOrNext, ...(error ? { error } : {}), ...(complete ? { complete } : {}) };
}
