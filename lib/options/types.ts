/** Options as callers give them. */
import type { MethodOptions, OptionGroup, OutputOptions } from './generated.js';
import type { MethodName } from './method-names.js';

/** Options in part: all optional, groups in part. */
export type Overrides<T> = {
  -readonly [K in keyof T]?: (T[K] extends OptionGroup ? Overrides<T[K]> : T[K]) | undefined;
};

/** Options of the method as a caller gives them. */
export type MethodOverrides = Overrides<MethodOptions> & {
  /** Named set of options that stands below the others given here. */
  preset?: string | undefined;
};

/** What a result should bring beside the mask, as a caller asks for it. */
export type OutputOverrides = Overrides<OutputOptions>;

/** Defaults that a model brings for a method; they stand above the method's own. */
export type ModelMethods = { readonly [K in MethodName]?: Omit<MethodOverrides, 'method' | 'preset' | 'seed'> };
