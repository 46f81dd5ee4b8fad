/** What makes a test file need a process of its own, by what its source says. */
const OWN_PROCESS: readonly RegExp[] = [
  // It starts programs, and waits for them: others go on meanwhile.
  /\b(?:Daemon|PtySession|AiocPair|ExampleProgram|startAioc|startServer|runProgram|builtProgram|packLibrary|startTarget)\b/,
  /\b(?:spawn|execFile|fork)(?:Sync)?\(/,
  // Its hooks would be those of all files.
  /^(?:before|after)(?:Each)?\(/m,
  // It measures or changes what all files of a process share.
  /\brss|memoryUsage|heapUsed|\bperformance\.now\b|\bmock\./,
  /\bprocess\.(?:on|once|chdir|env|umask|exit\w*|kill|std\w+|set\w+)\b/,
];
/** A group runs for some ten seconds: several are to run side by side. */
const GROUP_FILES_MAX = 12;

/**
 * Which test files run in one process: starting Node for each, and compiling the engine or the screen in each, took half of
 * the time of such files. Those that need a process of their own are not in any group, such as those that start Python.
 *
 * @param files in the order of their paths: a group has neighbours, which use the same code
 */
export function testGroups(
  files: readonly string[],
  sourceOf: (file: string) => string,
): readonly (readonly string[])[] {
  const isShared = (file: string): boolean =>
    !file.includes('/interop/') && !OWN_PROCESS.some((pattern) => pattern.test(sourceOf(file)));
  const shared = files.filter(isShared);
  const count = Math.ceil(shared.length / GROUP_FILES_MAX);
  const size = Math.ceil(shared.length / count);
  return Array.from({ length: count }, (_, number) => shared.slice(number * size, (number + 1) * size));
}
