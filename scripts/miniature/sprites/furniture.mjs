// Seeded SVG drawings of what the emoji sets lack or have once: dining tables (none has any), sofas, chairs, screens,
// bottles, and pots to set plants into. `style` chooses outline, palette and proportions, so that the drawings for the
// test come from other ranges than those for training.

/** Small seeded generator of uniform numbers in [0, 1) (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const WOODS = ['#8b5a2b', '#a0522d', '#c68642', '#deb887', '#6b4423', '#b5763b', '#e0c097', '#5d4037', '#d7ccc8', '#795548'];
const FABRICS = ['#c0392b', '#2e86c1', '#239b56', '#7d3c98', '#d68910', '#616a6b', '#a93226', '#1abc9c', '#e8daef', '#5d6d7e', '#f5b041', '#34495e'];

function tools(seed, test) {
  const next = random(seed * 2 + (test ? 1 : 0));
  const between = (low, high) => low + next() * (high - low);
  const pick = (list) => list[Math.floor(next() * list.length)];
  // The test drawings are outlined in the manner of line-drawn sets; two thirds of the training ones are flat.
  const outline = test ? 'stroke="#111" stroke-width="2"' : next() < 0.33 ? `stroke="#${pick(['222', '4e342e', '000'])}" stroke-width="${between(1, 2.5)}"` : '';
  const shade = (hex, factor) =>
    '#' + [1, 3, 5].map((i) => Math.max(0, Math.min(255, Math.round(parseInt(hex.slice(i, i + 2), 16) * factor))).toString(16).padStart(2, '0')).join('');
  const rect = (x, y, w, h, fill, r = 0) => `<rect x="${x}" y="${y}" width="${w}" height="${h}" rx="${r}" fill="${fill}" ${outline}/>`;
  const poly = (points, fill) => `<polygon points="${points.map((p) => p.join(',')).join(' ')}" fill="${fill}" ${outline}/>`;
  return { next, between, pick, outline, shade, rect, poly };
}

const svg = (body) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" width="256" height="256">${body}</svg>`;

export function table(seed, test) {
  const { next, between, pick, outline, shade, rect, poly } = tools(seed, test);
  const wood = pick(WOODS), leg = shade(wood, between(0.6, 0.95));
  const top = between(30, 45), depth = between(8, 18), thick = between(3, 7), legWidth = between(4, 8), inset = between(0, 12);
  const bottom = between(72, 92), left = 6, right = 94;
  let body = '';
  const round = next() < 0.35;
  if (round && next() < 0.6) {
    body += rect(47, top + 4, 6 + between(0, 4), bottom - top - 4, leg);
    body += `<ellipse cx="50" cy="${bottom}" rx="${between(14, 24)}" ry="4" fill="${leg}" ${outline}/>`;
  } else {
    for (const x of [left + 2, right - 2 - legWidth]) body += rect(x, top + thick, legWidth, bottom - top - thick, leg);
    if (next() < 0.7) for (const x of [left + 12 + inset, right - 12 - inset - legWidth]) body += rect(x, top, legWidth * 0.8, bottom - top - 8, shade(leg, 0.85));
  }
  if (round) body += `<ellipse cx="50" cy="${top + thick}" rx="45" ry="${depth * 0.8}" fill="${shade(wood, 0.8)}" ${outline}/><ellipse cx="50" cy="${top}" rx="45" ry="${depth * 0.8}" fill="${wood}" ${outline}/>`;
  else {
    body += poly([[left + inset, top - depth], [right - inset, top - depth], [right, top], [left, top]], wood);
    body += rect(left, top, right - left, thick, shade(wood, 0.8));
    if (next() < 0.35) body += poly([[left + inset + 14, top - depth], [right - inset - 14, top - depth], [right - 16, top + 10], [left + 16, top + 10]], pick(['#ffffff', '#fdebd0', '#e74c3c', '#85c1e9', '#abebc6']));
  }
  for (let i = 0, n = Math.floor(next() * 4); i < n; i++) {
    const x = between(20, 80), y = top - depth * between(0.2, 0.7);
    body += next() < 0.6 ? `<ellipse cx="${x}" cy="${y}" rx="8" ry="3" fill="#fafafa" stroke="#999"/>` : rect(x, y - 12, 5, 12, pick(['#85c1e9', '#f9e79f', '#d5f5e3']), 1);
  }
  return svg(body);
}

export function sofa(seed, test) {
  const { next, between, pick, shade, rect } = tools(seed, test);
  const fabric = pick(FABRICS), arm = shade(fabric, between(0.7, 0.9)), seat = shade(fabric, between(1.05, 1.25));
  const back = between(22, 38), round = between(2, 10), armWidth = between(9, 16), floor = between(76, 86), seatTop = between(52, 60);
  let body = '';
  for (const x of [12, 82]) body += rect(x, floor - 2, 5, 10, pick(WOODS));
  body += rect(10, back, 80, floor - back, fabric, round);
  const cushions = 2 + Math.floor(next() * 2), width = (84 - 2 * armWidth) / cushions;
  for (let i = 0; i < cushions; i++) {
    if (next() < 0.8) body += rect(8 + armWidth + i * width, back + 4, width - 1, seatTop - back - 4, shade(fabric, 1.1), 4);
    body += rect(8 + armWidth + i * width, seatTop, width - 1, 12, seat, 4);
  }
  for (const x of [4, 96 - armWidth]) body += rect(x, between(42, 50), armWidth, floor - 44, arm, round);
  if (next() < 0.4) body += `<rect x="${between(20, 60)}" y="${seatTop - 14}" width="15" height="15" rx="3" transform="rotate(${between(-20, 20)} 40 50)" fill="${pick(FABRICS)}"/>`;
  return svg(body);
}

export function chair(seed, test) {
  const { next, between, pick, shade, rect, poly } = tools(seed, test);
  const wood = pick(next() < 0.6 ? WOODS : FABRICS), seat = next() < 0.5 ? shade(wood, 1.2) : pick(FABRICS);
  const y = between(50, 58), depth = between(6, 12), leg = between(3, 6), bottom = 96, side = next() < 0.5;
  let body = '';
  const left = 26, right = side ? 76 : 74, skew = side ? 0 : 5;
  for (const [x, end] of [[left, bottom], [right - leg, bottom], [left + 9, bottom - 8], [right - leg - 9, bottom - 8]]) body += rect(x, y, leg, end - y, shade(wood, 0.8));
  if (side) { // seen from the side: the back on the left only
    body += poly([[left - 3, 6], [left + leg, 6], [left + leg + 2, y], [left, y]], wood);
  } else {
    for (const x of [left + skew, right - leg - skew]) body += rect(x, 6, leg, y - 6, wood);
    const slats = 1 + Math.floor(next() * 4);
    for (let i = 0; i < slats; i++) body += next() < 0.7 ? rect(left + skew, 8 + i * 10, right - left - 2 * skew, between(4, 9), wood, 2) : rect(left + 10 + i * 9, 8, 4, y - 8, wood);
    if (next() < 0.3) body += rect(left + skew, 8, right - left - 2 * skew, between(20, 34), seat, 5);
  }
  body += poly([[left + 5, y - depth], [right - 5, y - depth], [right + 2, y], [left - 2, y]], seat) + rect(left - 2, y, right - left + 4, 4, shade(seat, 0.75));
  return svg(body);
}

export function screen(seed, test) {
  const { next, between, pick, outline, rect } = tools(seed, test);
  const frame = pick(['#212121', '#424242', '#607d8b', '#b0bec5', '#6d4c41', '#eceff1', '#37474f']), glass = pick(['#81d4fa', '#1e3a5f', '#90a4ae', '#263238', '#a5d6a7', '#5c9ded', '#cfd8dc']);
  const old = next() < 0.35, height = between(44, 58), top = old ? 28 : 14;
  let body = '';
  if (old) {
    body += `<path d="M50 ${top} L${between(28, 40)} 6 M50 ${top} L${between(60, 74)} 6" stroke="${frame}" stroke-width="3"/>`;
    body += rect(20, top + height, 8, 10, frame) + rect(72, top + height, 8, 10, frame);
  } else body += next() < 0.6 ? rect(46, top + height, 8, 12, frame) + rect(30, top + height + 11, 40, 5, frame, 2) : rect(22, top + height, 6, 9, frame) + rect(72, top + height, 6, 9, frame);
  body += rect(6, top, 88, height, frame, between(1, 7));
  const border = between(3, 7), wide = old ? 62 : 88 - 2 * border;
  body += `<rect x="${6 + border}" y="${top + border}" width="${wide}" height="${height - 2 * border}" rx="${old ? 8 : 1}" fill="${glass}"/>`;
  if (old) for (let i = 0; i < 2; i++) body += `<circle cx="${84}" cy="${top + 14 + i * 13}" r="4" fill="${pick(['#bdbdbd', '#ef5350', '#fdd835'])}" ${outline}/>`;
  if (next() < 0.5) body += `<polygon points="${10 + border},${top + height - border} ${30 + border},${top + border} ${44 + border},${top + border} ${24 + border},${top + height - border}" fill="#fff" opacity="0.35"/>`;
  return svg(body);
}

export function bottle(seed, test) {
  const { next, between, pick, outline, shade, rect } = tools(seed, test);
  const glass = pick(['#2e7d32', '#6d4c41', '#81d4fa', '#1b5e20', '#c8e6c9', '#b71c1c', '#4fc3f7', '#ffb74d', '#eceff1', '#4a148c', '#a1887f']);
  const width = between(24, 36), neck = between(8, 13), shoulder = between(32, 46), l = 50 - width / 2, r = 50 + width / 2, nl = 50 - neck / 2, nr = 50 + neck / 2;
  let body = `<path d="M${nl} 10 L${nr} 10 L${nr} ${shoulder - 12} C${nr} ${shoulder - 4} ${r} ${shoulder} ${r} ${shoulder + 10} L${r} 92 Q${r} 97 ${r - 5} 97 L${l + 5} 97 Q${l} 97 ${l} 92 L${l} ${shoulder + 10} C${l} ${shoulder} ${nl} ${shoulder - 4} ${nl} ${shoulder - 12} Z" fill="${glass}" ${outline}/>`;
  body += rect(nl - 1, 4, neck + 2, between(6, 10), pick(['#d7ccc8', '#f44336', '#212121', '#fdd835', '#1565c0']), 1);
  if (next() < 0.75) body += rect(l, between(54, 62), width, between(16, 26), pick(['#fffde7', '#ffffff', '#ef9a9a', '#fff59d', '#90caf9']));
  if (next() < 0.5) body += `<rect x="${l + 4}" y="${shoulder + 8}" width="3" height="36" rx="1.5" fill="#fff" opacity="0.5"/>`;
  return svg(body + (next() < 0.3 ? `<rect x="${l}" y="86" width="${width}" height="6" fill="${shade(glass, 0.7)}"/>` : ''));
}

/** A pot alone, drawn in the lower part; a plant is placed above it by the caller. */
export function pot(seed, test) {
  const { next, between, pick, shade, rect, poly } = tools(seed, test);
  const clay = pick(['#bf5b33', '#d2691e', '#a0522d', '#e57342', '#8d6e63', '#5d8aa8', '#eceff1', '#455a64', '#c2b280', '#9ccc65']);
  const w = between(20, 26), narrow = between(3, 9);
  return svg(poly([[50 - w, 64], [50 + w, 64], [50 + w - narrow, 97], [50 - w + narrow, 97]], clay) + (next() < 0.75 ? rect(50 - w - 3, 61, 2 * w + 6, 9, shade(clay, 1.12), 1) : ''));
}
