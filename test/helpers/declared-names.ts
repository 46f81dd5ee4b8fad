import { readFileSync } from 'node:fs';

export interface Declaration {
  readonly name: string;
  readonly kind: 'type' | 'function' | 'variable' | 'member';
  readonly isExported: boolean;
  readonly file: string;
  readonly line: number;
}

const TYPE = /^(export )?(?:declare )?(?:abstract )?(?:class|interface|type|enum) (\w+)/;
const FUNCTION = /^(\s*)(export )?(?:async )?function\*? (\w+)/;
const VARIABLE = /^(\s*)(export )?(?:const|let) (\w+)/;
const DESTRUCTURED = /^\s*(?:export )?(?:const|let) [[{]([^=]*)[\]}] =/;
const MEMBER =
  /^\s+(?:readonly |static |private |async |override |get |set |\*)*(#?[A-Za-z]\w*)[?!]?(?:: |\(.*[{;,]$| = )/;
const NO_MEMBER =
  /^(?:if|for|while|switch|return|catch|case|await|throw|else|do|new|const|let|function|default)$/;

/**
 * What a file declares, found line by line: the formatter guarantees how a declaration begins. Names of parameters are not
 * among them.
 */
export function declarationsOf(file: string): Declaration[] {
  const found: Declaration[] = [];
  for (const [index, text] of readFileSync(file, 'utf8').split('\n').entries()) {
    const add = (kind: Declaration['kind'], name: string | undefined, isExported: boolean): void => {
      if (name !== undefined) found.push({ name, kind, isExported, file, line: index + 1 });
    };
    const type = TYPE.exec(text);
    const made = FUNCTION.exec(text);
    const variable = VARIABLE.exec(text);
    const member = MEMBER.exec(text);
    if (type !== null) add('type', type[2], type[1] !== undefined);
    else if (made !== null) add('function', made[3], made[2] !== undefined);
    else if (variable !== null) add('variable', variable[3], variable[2] !== undefined);
    else if (member !== null && !NO_MEMBER.test(member[1] ?? '')) add('member', member[1], false);
    for (const name of DESTRUCTURED.exec(text)?.[1]?.match(/\w+(?=\s*(?:,|$))/g) ?? [])
      add('variable', name, false);
  }
  return found;
}
