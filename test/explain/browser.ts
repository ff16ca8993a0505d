/** A page as a browser shows it, and what is wrong with it. */
import type { Browser } from 'puppeteer-core';

export interface Look {
  width: number;
  scheme: 'light' | 'dark';
}

export interface Seen {
  /** Console messages, exceptions, requests for anything but the page and its data. */
  noise: string[];
  /** Pictures without pixels, text that is cut or leaves the page, labels that overlap. */
  problems: string[];
  images: number;
}

export async function look(browser: Browser, address: string, { width, scheme }: Look): Promise<Seen> {
  const page = await browser.newPage();
  const noise: string[] = [];
  page.on('console', (message) => noise.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => noise.push(`exception: ${String(error)}`));
  page.on('requestfailed', (request) => noise.push(`failed: ${request.url().slice(0, 80)}`));
  page.on('request', (request) => {
    if (request.url() !== address && !request.url().startsWith('data:'))
      noise.push(`request: ${request.url().slice(0, 80)}`);
  });
  try {
    await page.setOfflineMode(true);
    await page.setViewport({ width, height: 900 });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await page.goto(address, { waitUntil: 'load' });
    const { problems, images } = (await page.evaluate(inspect)) as Pick<Seen, 'problems' | 'images'>;
    return { noise, problems, images };
  } finally {
    await page.close();
  }
}

/** Runs in the page, so it is text: this project's types know no DOM. */
const inspect = `(() => {
  const problems = [];
  for (const details of document.querySelectorAll('details')) details.open = true;
  const root = document.documentElement;
  const about = (element) => element.tagName + ' "' + (element.textContent ?? '').trim().slice(0, 40) + '"';
  if (root.scrollWidth > root.clientWidth) problems.push('the page is ' + root.scrollWidth + ' wide');
  for (const element of document.body.querySelectorAll('*')) {
    if (element.clientWidth > 0 && element.scrollWidth > element.clientWidth) problems.push('cut: ' + about(element));
    if (element.clientHeight > 0 && element.scrollHeight > element.clientHeight + 1) problems.push('cut below: ' + about(element));
    const box = element.getBoundingClientRect();
    if (box.width > 0 && (box.left < -0.5 || box.right > root.clientWidth + 0.5)) problems.push('outside: ' + about(element));
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(node);
    const holder = node.parentElement.closest('figure, p, li, td, th, h1, h2, h3, summary, footer');
    if (!holder || node.textContent.trim() === '') continue;
    const outer = holder.getBoundingClientRect();
    for (const box of range.getClientRects()) {
      if (box.left < outer.left - 1 || box.right > outer.right + 1) problems.push('text leaves its box: ' + about(node.parentElement));
    }
  }
  const images = [...document.images];
  for (const image of images) {
    if (!image.complete || image.naturalWidth === 0 || image.width === 0) problems.push('not drawn: ' + image.alt);
    if (!image.alt) problems.push('no alt text: ' + image.src.slice(0, 40));
  }
  for (const svg of document.querySelectorAll('svg')) {
    const outer = svg.getBoundingClientRect();
    if (outer.width === 0) continue;
    const boxes = [...svg.querySelectorAll('text')].map((text) => ({ text, box: text.getBoundingClientRect() }));
    boxes.forEach(({ text, box }, i) => {
      if (box.left < outer.left - 1 || box.right > outer.right + 1 || box.top < outer.top - 1 || box.bottom > outer.bottom + 1) problems.push('outside the chart: ' + about(text));
      for (const other of boxes.slice(0, i)) {
        const apart = other.box.right <= box.left || box.right <= other.box.left || other.box.bottom <= box.top || box.bottom <= other.box.top;
        if (!apart) problems.push('overlap in the chart: ' + about(text) + ' and ' + about(other.text));
      }
    });
    if (parseFloat(getComputedStyle(svg.querySelector('text')).fontSize) * (outer.width / svg.viewBox.baseVal.width) < 10) problems.push('small letters in the chart');
  }
  return { problems, images: images.length };
})()`;
