/** Names of the methods, apart from the code so that the options can list them. */
export const methodNames = ['invseg', 'baseline'] as const;

export type MethodName = (typeof methodNames)[number];
