/** Tables that callers may read but not change: a default that one call alters would be another default in the next. */

/** All of it read-only, members of members too. */
export type Frozen<T> = T extends (...args: never[]) => unknown
  ? T
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;

/** Freezes an object or a list and everything in it, and gives it back. */
export function deepFreeze<T extends object>(value: T): Frozen<T> {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null) deepFreeze(member as object);
  }
  return Object.freeze(value) as Frozen<T>;
}
