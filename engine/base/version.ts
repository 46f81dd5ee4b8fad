declare const __AIOC_VERSION__: string | undefined;

/** The release; put in by the build. */
export const VERSION = typeof __AIOC_VERSION__ === 'string' ? __AIOC_VERSION__ : '0.0.0-source';
