/** What a reader should find. */
export interface Expected {
  id: string;
  width: number;
  height: number;
  /** [height × width] */
  labels: Uint8Array;
}
export interface Count {
  count?: number;
}
export function writeFolder(root: string, options?: Count): Promise<Expected[]>;
export function writeVoc(root: string, options?: Count): Promise<Expected[]>;
export function writeContext(
  root: string,
  options?: Count & { format?: 'png' | 'mat'; order?: 'alphabetical' | 'voc-first' },
): Promise<Expected[]>;
export function writeCoco(
  root: string,
  options?: Count & { routes?: ('stuffthingmaps' | 'converted' | 'instances')[] },
): Promise<Expected[]>;
export const COCO_ID: readonly number[];
export const cocoIds: readonly number[];
