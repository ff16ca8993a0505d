/** Text of lib/models/known-code.ts. */
export function knownCode(): string;
