/** Indices of packages carry tokens in their addresses; what is shown, and what is written to a log, does not. */

const MASK = '***';

/**
 * @param texts that may hold addresses with a user, a password or a query: arguments, variables of the environment
 * @returns masks what they hold, and whatever stands between `//` and `@` of any address
 */
export function masker(texts: readonly (string | undefined)[]): (text: string) => string {
  const secrets = new Set<string>();
  for (const text of texts) {
    for (const [address] of (text ?? '').matchAll(/[a-z][a-z\d+.-]*:\/\/\S+/gi)) {
      if (!URL.canParse(address)) continue;
      const { username, password, searchParams } = new URL(address);
      for (const part of [username, password, ...searchParams.values()])
        for (const spelling of spellings(part)) secrets.add(spelling);
    }
  }
  // The longest first: one may hold another. One or two signs are none, and would mask half of a log.
  const all = [...secrets].filter((secret) => secret.length > 2).sort((a, b) => b.length - a.length);
  return (text) =>
    all.reduce((shown, secret) => shown.replaceAll(secret, MASK), text).replace(/(:\/\/)[^\s/@]+@/g, `$1${MASK}@`);
}

/** As it is, and as an address spells it. */
function spellings(part: string): string[] {
  try {
    return [part, decodeURIComponent(part), encodeURIComponent(part)];
  } catch {
    return [part, encodeURIComponent(part)];
  }
}
