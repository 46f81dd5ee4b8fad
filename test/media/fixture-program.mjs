// A program that a scene can be made of: it shows its argument in colour and then what is typed.
process.stdin.setRawMode(true);
process.stdout.write(`\x1b[?1049h\x1b[?25l\x1b[2;3H\x1b[32m${process.argv[2]}\x1b[0m`);
process.stdin.on('data', (bytes) => process.stdout.write(`\x1b[3;3H${bytes}`));
