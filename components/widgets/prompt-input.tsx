import { Box, Transform, useInput } from 'ink';
import TextInput from 'ink-text-input';
import { useEffect, useState } from 'react';
import type { Appearance } from '../host.ts';
import { trusted } from '../terminal/sanitize.ts';
import { textWidth } from '../terminal/width.ts';
import { inAscii } from './line.ts';
import type { Prompt } from './prompt.ts';

/** The place of a prompt: one row of `width` cells. */
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
 * Draws the prompt with ink-text-input, over the cells at its place. Use the prompt's edition as its React key:
 * ink-text-input puts its cursor after its first text, and keeps it there when more text follows.
 */
export function PromptInput({ prompt, text, at, appearance }: PromptInputProps) {
  const [start] = useState(text.slice(0, prompt.cursor));
  const [isWhole, setIsWhole] = useState(start === text);
  const [presses, setPresses] = useState(0);
  useInput(() => setPresses((count) => count + 1));
  useEffect(() => setIsWhole(true), []);
  // The effects of the input have run before this one: it has the new text and cursor.
  // biome-ignore lint/correctness/useExhaustiveDependencies: each key that was passed on must be reported once
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

/** The cells to scroll, so that the cursor stays visible. */
export function scrollOf(prompt: Prompt, width: number): number {
  return Math.max(0, prompt.cursorColumn - width + 1);
}

/** Removes the drawn cursor: the terminal's own cursor shows the place. */
function shown(drawn: string, { unicode }: Appearance): string {
  const plain = drawn.replace(/\x1b\[[0-9;]*m/g, '');
  return unicode ? plain : inAscii(trusted(plain));
}
