/** The least that a full-screen program with Ink can do: it shows a word, and another one after `?`. */
import { Box, render, Text, useInput } from 'ink';
import { useState } from 'react';

function Minimal() {
  const [isAsked, setAsked] = useState(false);
  useInput((input) => {
    if (input === '?') setAsked(true);
  });
  return (
    <Box width={120} height={39} borderStyle="round">
      <Text>{isAsked ? 'Help' : 'Peers'}</Text>
    </Box>
  );
}

process.stdout.write('\x1b[?1049h');
render(<Minimal />, { exitOnCtrlC: false });
