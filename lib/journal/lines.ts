/** A file line by line, however long it is: only one line and one block of it are in memory. */
import { createReadStream } from 'node:fs';

export interface Line {
  /** From 1. */
  number: number;
  text: string;
  /** Bytes of the file up to and with this line's end. */
  end: number;
}

const NEWLINE = 10;

/** Whole lines. @param onRest gets the number of bytes behind the last line's end, which are left out */
export async function* wholeLines(file: string, onRest?: (bytes: number) => void): AsyncGenerator<Line> {
  let number = 0;
  let end = 0;
  let rest: Buffer[] = [];
  for await (const block of createReadStream(file) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = block.indexOf(NEWLINE); at >= 0; at = block.indexOf(NEWLINE, from)) {
      const bytes = Buffer.concat([...rest, block.subarray(from, at)]);
      rest = [];
      from = at + 1;
      end += bytes.length + 1;
      yield { number: ++number, text: bytes.toString('utf8'), end };
    }
    if (from < block.length) rest.push(block.subarray(from));
  }
  onRest?.(rest.reduce((bytes, part) => bytes + part.length, 0));
}
