/** What a network says that is no number. */
import { InvSegError } from '../errors.js';

/** @param who gave the numbers @param what they are @param dtype that it computes in @param cause another likely one */
export function notNumbers(who: string, what: string, dtype: string, cause?: string): InvSegError {
  const then =
    dtype === 'float32'
      ? `the weights may be damaged, or not those of this model${cause ? `, or ${cause}` : ''}`
      : `what overflows in ${dtype} may not in float32 (--dtype)`;
  const message = `Expected numbers from ${who} but found NaN or infinity in its ${what}; ${then}`;
  return new InvSegError('NOT_FINITE', message);
}
