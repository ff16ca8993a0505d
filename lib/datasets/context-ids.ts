/**
 * PASCAL Context's two index orders: the ids of the raw release (0 to 459) behind the indices 0 to 59. Every other id is
 * background.
 */
export type IndexOrder = 'alphabetical' | 'voc-first';

/** Ids of the raw release are below. */
export const CONTEXT_IDS = 460;

/** [60] each; index 0 is the background. */
export const contextIds: Readonly<Record<IndexOrder, readonly number[]>> = {
  alphabetical: [
    0, 2, 9, 18, 19, 22, 23, 25, 31, 33, 34, 44, 45, 46, 59, 65, 68, 72, 80, 85, 98, 104, 105, 113, 115, 144, 158, 159,
    162, 187, 189, 207, 220, 232, 258, 259, 260, 284, 295, 296, 308, 324, 326, 347, 349, 354, 355, 360, 366, 368, 397,
    415, 416, 420, 424, 427, 440, 445, 454, 458,
  ],
  'voc-first': [
    0, 2, 23, 25, 31, 34, 45, 59, 65, 72, 98, 397, 113, 207, 258, 284, 308, 347, 368, 416, 427, 9, 18, 22, 33, 44, 46,
    68, 80, 85, 104, 115, 144, 158, 159, 162, 187, 189, 220, 232, 259, 260, 105, 296, 355, 295, 324, 326, 349, 354, 360,
    366, 19, 415, 420, 424, 440, 445, 454, 458,
  ],
};

/** Id of the raw release → index. [460] */
export function contextTable(order: IndexOrder): Int16Array {
  const table = new Int16Array(CONTEXT_IDS);
  for (const [index, id] of contextIds[order].entries()) table[id] = index;
  return table;
}
