/**
 * Runs the commands of its arguments side by side, `npm run` in front of each, and prints what each has written when it has
 * ended. Fails if one of them fails. One after the other they leave a processor idle for a third of their time.
 */
import { spawn } from 'node:child_process';

function run(script: string): Promise<boolean> {
  const child = spawn('npm', ['run', '--silent', script], { stdio: ['ignore', 'pipe', 'pipe'] });
  const written: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => written.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => written.push(chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      process.stdout.write(Buffer.concat(written));
      if (code !== 0)
        console.log(`npm run ${script}: ${code === null ? `ended by ${signal}` : `exit code ${code}`}`);
      resolve(code === 0);
    });
  });
}

const passed = await Promise.all(process.argv.slice(2).map(run));
process.exitCode = passed.every((isPassed) => isPassed) ? 0 : 1;
