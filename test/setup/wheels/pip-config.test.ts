import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { netrcLogin } from '../../../lib/setup/wheels/netrc.js';
import { parseConfig, pipSettings } from '../../../lib/setup/wheels/pip-config.js';
import { temporaryFolder } from '../fakes.js';

let home: string;
let env: NodeJS.ProcessEnv;
beforeEach(() => {
  home = temporaryFolder();
  // Nothing of this machine's own settings.
  env = { HOME: home, XDG_CONFIG_DIRS: path.join(home, 'xdg') };
});

function config(name: string, text: string): string {
  const file = path.join(home, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** Machines may have /etc/pip.conf, which counts for less than any of the user's. */
const own = (): ReturnType<typeof pipSettings> => pipSettings(env);

describe('the files', () => {
  it('are read as configparser reads them', () => {
    const text = [
      '# comment',
      'before = ignored',
      '[global]',
      'index-url = https://a.example/simple',
      'extra_index_url: https://b.example/simple',
      '    https://c.example/simple',
      '; comment',
      'Find-Links =',
      '    /wheels',
      '',
      '    /more',
      '[install]',
      'no-index = yes',
    ].join('\r\n');
    const sections = parseConfig(text);
    expect(Object.fromEntries(sections.get('global')!)).toEqual({
      'index-url': 'https://a.example/simple',
      'extra-index-url': 'https://b.example/simple\nhttps://c.example/simple',
      'find-links': '/wheels\n/more',
    });
    expect(sections.get('install')!.get('no-index')).toBe('yes');
  });

  it("of the user win over the machine's, a command's section over the general one, variables over all", () => {
    config(
      'xdg/pip/pip.conf',
      '[global]\nindex-url = https://machine.example/simple\ntrusted-host = machine.example\n',
    );
    config(
      '.config/pip/pip.conf',
      '[install]\nindex-url = https://install.example/simple\n[global]\nindex-url = https://user.example/simple\n',
    );
    expect(own().index).toBe('https://install.example/simple');
    expect(own().trustedHosts).toEqual(['machine.example']);
    env['PIP_CONFIG_FILE'] = config(
      'other.conf',
      '[global]\nindex-url = https://named.example/simple\ncert = /ca.pem\n',
    );
    expect(own()).toMatchObject({ index: 'https://named.example/simple', cert: '/ca.pem' });
    env['PIP_INDEX_URL'] = 'https://variable.example/simple';
    env['PIP_EXTRA_INDEX_URL'] = 'https://x.example/simple https://y.example/simple';
    env['PIP_TRUSTED_HOST'] = 'X.example y.example:8443';
    env['PIP_DEFAULT_TIMEOUT'] = '7';
    env['PIP_PROXY'] = 'http://proxy.example:3128';
    expect(own()).toMatchObject({
      index: 'https://variable.example/simple',
      extraIndexes: ['https://x.example/simple', 'https://y.example/simple'],
      trustedHosts: ['x.example', 'y.example:8443'],
      timeout: 7,
      proxy: 'http://proxy.example:3128',
    });
  });

  it('of a virtual environment count, and none does where PIP_CONFIG_FILE is /dev/null', () => {
    config('venv/pip.conf', '[global]\nno-index = true\nfind-links = /wheels\n');
    env['VIRTUAL_ENV'] = path.join(home, 'venv');
    expect(own()).toMatchObject({ noIndex: true, findLinks: ['/wheels'] });
    env['PIP_CONFIG_FILE'] = '/dev/null';
    expect(own()).toEqual({
      index: undefined,
      extraIndexes: [],
      findLinks: [],
      noIndex: false,
      cert: undefined,
      trustedHosts: [],
      proxy: undefined,
      timeout: 15,
      files: [],
    });
  });

  it('do without: variables of requests and OpenSSL name the certificates then', () => {
    env['PIP_CONFIG_FILE'] = '/dev/null';
    env['SSL_CERT_FILE'] = '/ssl.pem';
    expect(own().cert).toBe('/ssl.pem');
    env['REQUESTS_CA_BUNDLE'] = '/requests.pem';
    expect(own().cert).toBe('/requests.pem');
    env['PIP_CERT'] = '/pip.pem';
    expect(own().cert).toBe('/pip.pem');
  });
});

describe('~/.netrc', () => {
  it('gives a host its user and password', () => {
    config(
      '.netrc',
      '# mine\nmachine a.example login alice password s3cret\nmachine b.example\n  login bob\n  password pw\n',
    );
    expect(netrcLogin('a.example', env)).toEqual({ user: 'alice', password: 's3cret' });
    expect(netrcLogin('B.example', env)).toEqual({ user: 'bob', password: 'pw' });
    expect(netrcLogin('c.example', env)).toBeUndefined();
  });

  it('has a default, and may be elsewhere', () => {
    env['NETRC'] = config('elsewhere', 'machine a.example login alice\ndefault login anybody password none');
    expect(netrcLogin('a.example', env)).toEqual({ user: 'anybody', password: 'none' });
    expect(netrcLogin('c.example', env)).toEqual({ user: 'anybody', password: 'none' });
    env['NETRC'] = path.join(home, 'nothing');
    expect(netrcLogin('c.example', env)).toBeUndefined();
  });
});
