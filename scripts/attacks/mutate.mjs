/** Seeded mutations of bytes: what a disk, a copy or an attacker may do to a file. One seed, one sequence. */

/** mulberry32: 32 bits of state are enough to be told apart and repeated. */
export function makeRandom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return (x ^ (x >>> 14)) >>> 0;
  };
  return { next, below: (count) => (count <= 0 ? 0 : next() % count), pick: (list) => list[next() % list.length] };
}

const NUMBERS = [0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];
/** Pieces of the formats that are read: a mutation that puts one in reaches places that random bytes do not. */
const WORDS = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  'null',
  'true',
  '-1',
  '1e999',
  '1e309',
  '-0',
  '0.5',
  '9007199254740993',
  '"__proto__"',
  '"constructor"',
  '{"__proto__":{"x":1}}',
  '\\u0000',
  '\ud800',
  '../',
  '/',
  '\\',
  '\0',
  '\n',
  '\r\n',
  '\u2028',
  '..',
  '=',
  '+',
  '@',
  "'",
  '#version',
  'IDAT',
  'IHDR',
  'IEND',
  'PLTE',
  'iCCP',
  'F32',
  'I64',
  '__metadata__',
  'data_offsets',
  'IM',
  'MI',
  '[[[[[[[[',
  '{"a":{"a":{"a":',
  '%',
  '\x1b[2J',
].map((word) => Buffer.from(word));

const mutations = [
  (bytes, random) => {
    const out = Buffer.from(bytes);
    if (out.length > 0) out[random.below(out.length)] ^= 1 << random.below(8);
    return out;
  },
  (bytes, random) => {
    const out = Buffer.from(bytes);
    if (out.length > 0) out[random.below(out.length)] = random.below(256);
    return out;
  },
  // A number of the format, in either order.
  (bytes, random) => {
    const out = Buffer.from(bytes);
    const size = random.pick([1, 2, 4]);
    if (out.length < size) return out;
    const value = random.pick(NUMBERS) % 2 ** (8 * size);
    const at = random.below(out.length - size + 1);
    if (random.below(2)) out.writeUIntLE(value, at, size);
    else out.writeUIntBE(value, at, size);
    return out;
  },
  (bytes, random) => insert(bytes, random.below(bytes.length + 1), random.pick(WORDS)),
  // A word in the place of another part.
  (bytes, random) => {
    const [from, to] = range(bytes, random, 12);
    return Buffer.concat([bytes.subarray(0, from), random.pick(WORDS), bytes.subarray(to)]);
  },
  (bytes, random) => {
    const [from, to] = range(bytes, random, 64);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  // A part that comes again, once or a thousand times.
  (bytes, random) => {
    const [from, to] = range(bytes, random, 32);
    const part = bytes.subarray(from, to);
    const times = random.below(8) === 0 ? 1 + random.below(1000) : 1;
    return insert(bytes, random.below(bytes.length + 1), Buffer.concat(Array.from({ length: times }, () => part)));
  },
  // Digits of a number in a text.
  (bytes, random) => {
    const text = bytes.toString('latin1');
    const numbers = [...text.matchAll(/-?\d+(\.\d+)?/g)];
    if (numbers.length === 0) return bytes;
    const { 0: found, index } = random.pick(numbers);
    const other = random.pick([
      '-1',
      '0',
      '1',
      '255',
      '256',
      '65535',
      '4294967295',
      '4294967296',
      '9007199254740991',
      '1e308',
      '1e-308',
      '0.1',
      `${found}0`,
      `-${found}`,
    ]);
    return Buffer.from(text.slice(0, index) + other + text.slice(index + found.length), 'latin1');
  },
];

const MOST_BYTES = 1 << 18;

/** Texts of values that a reader may not expect. */
const VALUES = [
  'null',
  'true',
  'false',
  '0',
  '-1',
  '0.5',
  '1e308',
  '-0',
  '4294967296',
  '9007199254740993',
  '""',
  '"\\u0000"',
  '"../x"',
  '"/etc/passwd"',
  '"__proto__"',
  '"a b"',
  '[]',
  '{}',
  '[[]]',
  '[null]',
  '{"__proto__":{"x":1}}',
  '{"constructor":1,"toString":1}',
  '{"length":1e9}',
  '[0,1,2,3,4,5,6,7]',
  '["a","a"]',
  `"${'x'.repeat(5000)}"`,
  `${'['.repeat(60)}${']'.repeat(60)}`,
  `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`,
];

/** JSON, or lines of it, that stays JSON: values changed, taken away, doubled, put elsewhere. */
function mutateJson(bytes, random) {
  const lines = bytes.toString('utf8').split('\n');
  const journal = lines.length > 1 && lines.at(-1) === '' && lines[0].startsWith('{"');
  if (!journal) return mutateText(bytes.toString('utf8'), random);
  const at = random.below(lines.length - 1);
  lines[at] = mutateText(lines[at], random).toString('utf8');
  return Buffer.from(lines.join('\n'));
}

function mutateText(json, random) {
  let text = json;
  for (let count = 1 + random.below(3); count > 0; count--) {
    const value = JSON.parse(text);
    const nodes = [];
    const walk = (holder) => {
      if (typeof holder !== 'object' || holder === null) return;
      for (const key of Object.keys(holder)) {
        nodes.push([holder, key]);
        walk(holder[key]);
      }
    };
    walk(value);
    if (nodes.length === 0) return Buffer.from(random.pick(VALUES));
    const [holder, key] = random.pick(nodes);
    const marker = '\ue000';
    const act = random.below(5);
    if (act === 0 && !Array.isArray(holder)) delete holder[key];
    else if (act === 1 && Array.isArray(holder)) holder.push(holder[key]);
    else if (act === 2) {
      const [other, name] = random.pick(nodes);
      holder[key] = JSON.parse(JSON.stringify(other[name] ?? null));
    } else holder[key] = marker;
    // As text, so that __proto__ is written as a file would write it.
    text = JSON.stringify(value).replace(`"${marker}"`, () => random.pick(VALUES));
    if (act === 4 && !Array.isArray(holder))
      text = text.replace(`"${key}":`, () =>
        random.pick(['"__proto__":', '"constructor":', '"":', `"${key}":0,"${key}":`]),
      );
  }
  return Buffer.from(text);
}

/**
 * @param structured whether the seeds are JSON, and most of what comes out is to be
 * @returns a buffer of its own, one to five mutations away from one of `seeds`
 */
export function mutate(seeds, random, structured = false) {
  let bytes = random.pick(seeds);
  if (structured && random.below(4) > 0) return mutateJson(bytes, random);
  for (let count = 1 + random.below(5); count > 0; count--) bytes = random.pick(mutations)(bytes, random);
  return Buffer.from(bytes.subarray(0, MOST_BYTES));
}

function range(bytes, random, longest) {
  const from = random.below(bytes.length + 1);
  return [from, Math.min(bytes.length, from + 1 + random.below(longest))];
}

const insert = (bytes, at, part) => Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
