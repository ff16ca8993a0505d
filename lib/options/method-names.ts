/** Names of the methods, apart from the code so that the options can list them. */
export const methodNames = Object.freeze(['invseg', 'baseline', 'diffsegmenter', 'diffseg', 'iseg'] as const);

export type MethodName = (typeof methodNames)[number];
