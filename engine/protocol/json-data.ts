/** The JSON object in the data of a frame; undefined if it is none, or has more than `maxBytes`. */
export function objectInData(data: Buffer, maxBytes: number): Record<string, unknown> | undefined {
  if (data.length > maxBytes) return undefined;
  try {
    const value: unknown = JSON.parse(data.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
