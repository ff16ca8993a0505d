import type { Browser } from 'puppeteer-core';

/** Why the package's Chromium cannot run here, or undefined. */
export function whyNoChromium(): string | undefined;

/** @returns a headless browser; close it */
export function launchChromium(): Promise<Browser>;
