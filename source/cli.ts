#!/usr/bin/env node
import { VERSION } from '../engine/base/version.ts';
import { type Invocation, parseCommandLine } from './arguments.ts';
import { failed } from './command-failure.ts';
import { commandHelp, helpText } from './help.ts';
import type { CommandInvocation } from './run-command.ts';
import { guardStandardOutput } from './standard-output.ts';

/**
 * What is to be run; undefined if the command line itself has the answer. This file is bundled into a single one, because each
 * file that Node loads takes milliseconds; only a command loads the engine.
 */
function commandOf(words: readonly string[]): CommandInvocation | undefined {
  try {
    const invocation = parseCommandLine(words);
    if (invocation.mode !== 'help' && invocation.mode !== 'version') return invocation;
    guardStandardOutput();
    process.stdout.write(`${textOf(invocation)}\n`);
  } catch (error) {
    guardStandardOutput();
    process.exitCode = failed(error);
  }
  return undefined;
}

function textOf(invocation: Exclude<Invocation, CommandInvocation>): string {
  if (invocation.mode === 'version') return VERSION;
  return invocation.command === undefined ? helpText() : commandHelp(invocation.command);
}

const command = commandOf(process.argv.slice(2));
if (command !== undefined) await (await import('./run-command.ts')).runCommand(command);
