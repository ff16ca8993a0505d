export declare function configureGyp(folder: string, libtorch: string): string;
export declare function makeGyp(native: string, target: 'invseg' | 'invseg_shim', jobs?: number): string;
