/**
 * How this aioc was started, to be typed on another machine: with `npm start` in a checkout there is no `aioc` in the
 * path, nor is there with npx.
 */
export function startCommand(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const { npm_lifecycle_event: event, npm_package_name: name } = env;
  if (event === 'start' && name === 'aioc') return 'npm start --';
  return event === 'npx' ? 'npx aioc' : 'aioc';
}
