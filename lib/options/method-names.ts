/** Names of the methods; the first is the paper's. */
export const methodNames = Object.freeze(['invseg', 'baseline', 'diffsegmenter', 'diffseg', 'iseg'] as const);

/**
 * Name of a method.
 *
 * @useDeclaredType
 */
export type MethodName = (typeof methodNames)[number];
