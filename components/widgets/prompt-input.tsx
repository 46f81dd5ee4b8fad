import { Box, Transform, useInput } from 'ink';
import TextInput from 'ink-text-input';
import { useEffect, useState } from 'react';
import type { Appearance } from '../host.ts';
import { trusted } from '../terminal/sanitize.ts';
import { textWidth } from '../terminal/width.ts';
import { inAscii } from './line.ts';
import type { Prompt } from './prompt.ts';

/** Where a prompt stands: one row of `width` cells. */
export interface PromptPlace {
  readonly row: number;
  readonly column: number;
  readonly width: number;
}

interface PromptInputProps {
  readonly prompt: Prompt;
  /** The prompt's text when the screen was drawn. */
  readonly text: string;
  readonly at: PromptPlace;
  readonly appearance: Appearance;
}

/**
 * The prompt as ink-text-input draws and edits it, over what is drawn at that place. Give it the prompt's edition as its
 * key: ink-text-input puts its cursor behind the text that it begins with, and keeps it when more text follows.
 */
export function PromptInput({ prompt, text, at, appearance }: PromptInputProps) {
  const [start] = useState(text.slice(0, prompt.cursor));
  const [isWhole, setIsWhole] = useState(start === text);
  const [presses, setPresses] = useState(0);
  useInput(() => setPresses((count) => count + 1));
  useEffect(() => setIsWhole(true), []);
  // The input's own effects have run before this one: it listens with the new text and cursor.
  // biome-ignore lint/correctness/useExhaustiveDependencies: each key that was passed on is to be reported, once
  useEffect(() => {
    if (isWhole) prompt.settled();
  }, [prompt, isWhole, presses]);
  useEffect(() => () => prompt.detached(), [prompt]);
  const scroll = scrollOf(prompt, at.width);
  return (
    <Box position="absolute" marginTop={at.row} marginLeft={at.column} width={at.width} overflow="hidden">
      <Box width={textWidth(text) + 1} height={1} flexShrink={0} marginLeft={-scroll}>
        <Transform transform={(drawn) => shown(drawn, appearance)}>
          <TextInput value={isWhole ? text : start} onChange={(changed) => prompt.changed(changed)} />
        </Transform>
      </Box>
    </Box>
  );
}

/** The cells of the text that are left of the place, so that the cursor is in it. */
export function scrollOf(prompt: Prompt, width: number): number {
  return Math.max(0, prompt.cursorColumn - width + 1);
}

/** The terminal's own cursor shows where one types, so the drawn one is taken away. */
function shown(drawn: string, { unicode }: Appearance): string {
  const plain = drawn.replace(/\x1b\[[0-9;]*m/g, '');
  return unicode ? plain : inAscii(trusted(plain));
}
