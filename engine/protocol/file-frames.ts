import type { FrameParts } from './frame-encoder.ts';
import type { Header, JsonObject } from './header.ts';
import type { OutFrame } from './messages.ts';

interface OwnParts {
  readonly data: Buffer;
  /** The application's own binary. */
  readonly binary?: Buffer | undefined;
}

/**
 * A message followed by `fileBytes` of a file behind the application's binary (PROTOCOL §3). An empty file adds no
 * binary.
 */
export function withFileFrame(
  header: Header,
  parts: OwnParts,
  fileBytes: number,
): FrameParts & { fileBytes: number } {
  return { ...framed(header, parts, fileBytes, {}), fileBytes };
}

/** The same message when its file could not be read. Unlike Python, aioc sets where the application's binary ends. */
export function withoutFileFrame(header: Header, parts: OwnParts, fileError: string): OutFrame {
  return framed(header, parts, 0, { file_error: fileErrorText(fileError) });
}

/** Shortens the reason, which may contain a long path, so that it fits into LIMITS.headerSpareBytes in any encoding. */
export function fileErrorText(reason: string): string {
  return reason.slice(0, 512);
}

function framed(header: Header, { data, binary }: OwnParts, fileBytes: number, about: JsonObject): OutFrame {
  const { with_binary: _none, ...rest } = header;
  // A key of aioc itself (engine/local/world-readable-message-file.ts).
  const { any_user: _mark, ...named } = header['with_file'] as JsonObject;
  const ownBytes = binary?.length ?? 0;
  const withFile = {
    ...named,
    ...about,
    ...(ownBytes > 0 && { binary_offset: ownBytes }),
  };
  return {
    header: {
      ...rest,
      message_type: header.message_type,
      with_file: withFile,
      ...(ownBytes + fileBytes > 0 && { with_binary: true }),
    },
    data,
    ...(binary !== undefined && { binary }),
  };
}
