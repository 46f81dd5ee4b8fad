import type { FrameParts } from './frame-encoder.ts';
import type { Header, JsonObject } from './header.ts';
import type { OutFrame } from './messages.ts';

interface OwnParts {
  readonly data: Buffer;
  /** The application's own binary. */
  readonly binary?: Buffer | undefined;
}

/** A message with `fileBytes` of a file behind its own binary (PROTOCOL §3). An empty file adds no binary at all. */
export function withFileFrame(
  header: Header,
  parts: OwnParts,
  fileBytes: number,
): FrameParts & { fileBytes: number } {
  return { ...framed(header, parts, fileBytes, {}), fileBytes };
}

/** The same message when its file could not be read. Unlike Python we say where its own binary ends. */
export function withoutFileFrame(header: Header, parts: OwnParts, fileError: string): OutFrame {
  return framed(header, parts, 0, { file_error: fileErrorText(fileError) });
}

/** As much of it, which may name a long path, as fits into LIMITS.headerSpareBytes however it is spelled. */
export function fileErrorText(reason: string): string {
  return reason.slice(0, 512);
}

function framed(header: Header, { data, binary }: OwnParts, fileBytes: number, about: JsonObject): OutFrame {
  const { with_binary: _none, ...rest } = header;
  // A mark of our own (engine/local/any-user-file.ts).
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
