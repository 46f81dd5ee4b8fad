import { Box, Text } from 'ink';
import { memo } from 'react';
import type { Appearance } from '../host.ts';
import { type Line, type Painted, paintBlock } from './line.ts';

interface PaintedBlockProps {
  readonly lines: readonly Line[];
  readonly appearance: Appearance;
  readonly width: number;
  /** Draws it over everything else, outside the flow. */
  readonly at?: { readonly row: number; readonly column: number };
}

/**
 * A rectangle of finished lines as one node, because Ink's measuring and layout are expensive. React skips a block whose
 * bytes have not changed.
 */
export function PaintedBlock({ lines, appearance, width, at }: PaintedBlockProps) {
  const text = paintBlock(lines, appearance);
  return (
    <Still text={text} width={width} height={lines.length} row={at?.row ?? -1} column={at?.column ?? 0} />
  );
}

interface StillProps {
  readonly text: Painted;
  readonly width: number;
  readonly height: number;
  /** -1: in the flow. */
  readonly row: number;
  readonly column: number;
}

const Still = memo(function Still({ text, width, height, row, column }: StillProps) {
  const place = row < 0 ? {} : ({ position: 'absolute', marginTop: row, marginLeft: column } as const);
  return (
    <Box width={width} height={height} flexShrink={0} {...place}>
      <Text wrap="truncate">{text}</Text>
    </Box>
  );
});
