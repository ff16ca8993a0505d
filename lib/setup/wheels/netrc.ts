/** Users and passwords of hosts from ~/.netrc, which pip and curl read too. */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export interface Login {
  user: string;
  password: string;
}

/** The file's entry of a host, or its default one. */
export function netrcLogin(host: string, env: NodeJS.ProcessEnv = process.env): Login | undefined {
  const file = env['NETRC'] || path.join(env['HOME'] || os.homedir(), '.netrc');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const words = text
    .replace(/^\s*#.*$/gm, '')
    .split(/\s+/)
    .filter(Boolean);
  let here = false;
  let login: Partial<Login> = {};
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word === 'machine' || word === 'default') {
      if (here && complete(login)) return login;
      here = word === 'default' || words[++i]?.toLowerCase() === host.toLowerCase();
      login = {};
    } else if (word === 'login') login.user = words[++i] ?? '';
    else if (word === 'password') login.password = words[++i] ?? '';
    else if (word === 'account') i++;
  }
  return here && complete(login) ? login : undefined;
}

const complete = (login: Partial<Login>): login is Login => login.user !== undefined && login.password !== undefined;
