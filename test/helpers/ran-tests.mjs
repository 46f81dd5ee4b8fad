/** A reporter of Node's test runner: a line of JSON for each test that has ended (`test/helpers/checklist.ts` reads them). */
// biome-ignore lint/style/noDefaultExport: so Node looks for a reporter
export default async function* ranTests(events) {
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const isSkipped = data.skip !== undefined && data.skip !== false;
    const outcome = isSkipped ? 'skipped' : type === 'test:pass' ? 'passed' : 'failed';
    yield `${JSON.stringify({ file: data.file ?? '', name: data.name, outcome })}\n`;
  }
}
