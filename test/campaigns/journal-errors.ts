/**
 * Lets the n-th call of the disk fail, for every kind of call and error and every n until there is no n-th call, and looks
 * whether what was confirmed is there afterwards: `npm run campaign:journal-errors`.
 */
import { checkError, ERROR_KINDS } from './journal-error-cases.ts';

let total = 0;
for (const kind of ERROR_KINDS) {
  for (const powerLost of [false, true]) {
    let n = 1;
    for (;;) {
      const isHit = await checkError(kind, n, powerLost).catch((error: unknown) => {
        console.error(
          `${kind.name}, call ${n}${kind.stays ? ' and all later ones' : ''}, power lost: ${powerLost}`,
        );
        throw error;
      });
      if (!isHit) break;
      n += 1;
    }
    total += n - 1;
    console.log(
      `${kind.name}${kind.stays ? ' from then on' : ''}${powerLost ? ', then a power loss' : ''}: ${n - 1} places`,
    );
  }
}
console.log(`${total} errors: nothing that was confirmed is lost, and every journal works again`);
