/** What every page has around its sections. */
import { packageVersion } from '../version.js';
import { Html, html } from './html.js';

/** A browser that follows it loads nothing and runs nothing, whatever a name smuggles in. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

export interface Frame {
  title: string;
  /** CSS. */
  style: string;
  /** The `header`. */
  lead: Html;
  /** Inside `main`. */
  sections: readonly (Html | undefined)[];
  /** Last line, after who made the page. */
  note?: string;
}

/** @returns a whole page that needs no network and no script */
export function framed({ title, style, lead, sections, note }: Frame): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
${lead}
<main>
${sections}</main>
<footer>Made by invseg-native ${packageVersion()}.${note === undefined ? '' : ` ${note}`}</footer>
</body>
</html>
`.text;
}
