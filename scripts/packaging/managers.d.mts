/** One way to install a tarball into a project. */
export interface Case {
  name: string;
  /** Commands, in order; 'empty node_modules' stands for just that. */
  install: readonly (readonly string[] | 'empty node_modules')[];
  /** What runs a script there. */
  node: readonly string[];
  /** What runs the package's command there. */
  command: readonly string[];
  /** The Node that runs all that; this one by default. */
  runtime?: string;
  /** Files of the project, name to text. */
  files: Record<string, string>;
}

export const OWN_CASES: readonly Case[];
export function fetchManagers(): Promise<Record<string, string>>;
export function allCases(scripts: Record<string, string>): Case[];
export function run(command: readonly string[], cwd: string, env?: NodeJS.ProcessEnv): Promise<string>;
