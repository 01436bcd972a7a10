/** True when two types are the same, optional and readonly included; false for types that are only assignable. */
export type Same<Left, Right> =
  (<T>() => T extends Left ? 1 : 2) extends <T>() => T extends Right ? 1 : 2 ? true : false;

/** Compiles only where the types are the same. */
export declare function holds<_Claim extends true>(): void;
