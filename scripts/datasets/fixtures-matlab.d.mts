export interface MatlabOptions {
  big?: boolean;
  compressed?: boolean;
  kind?: 'double' | 'uint8' | 'uint16';
  stored?: 'uint8' | 'uint16' | 'double';
}
export function matlabFile(
  name: string,
  values: ArrayLike<number>,
  rows: number,
  columns: number,
  options?: MatlabOptions,
): Buffer;
