/** Text that should be a path and is an address: people paste links, and nothing here is downloaded. */

/** Why `text` is no path that can be opened, and what to do; undefined where it may be one. */
export function describeAddress(text: string): string | undefined {
  if (/^data:/i.test(text)) return 'a data: URL is no path; save what it holds to a file and name that';
  if (/^file:/i.test(text)) return 'name the path itself, without file:';
  if (/^[a-z][a-z\d+.-]+:\/\//i.test(text))
    return 'nothing is downloaded; fetch it yourself and name the file or folder';
  return undefined;
}

/** Longer than any sensible path; a data: URL has megabytes, and its first few characters say all. */
const LONGEST = 400;
const SHOWN_OF_DATA = 40;

/** A path, or what was given for one, as it stands in a message. */
export function shownPath(text: string): string {
  const most = /^data:/i.test(text) ? SHOWN_OF_DATA : LONGEST;
  return text.length > most ? `${text.slice(0, most)}… (${text.length} characters)` : text;
}
