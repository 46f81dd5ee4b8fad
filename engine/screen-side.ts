/**
 * What a screen needs of the engine, which runs in another thread or process: few and small modules. A screen that loaded
 * the whole engine would show its first frame a tenth of a second later.
 */
export { replaceDurably } from './base/atomic-file.ts';
export { AiocError, type ErrorCode } from './base/errors.ts';
export { homeDirectory } from './base/home.ts';
export { SerialQueue } from './base/serial-queue.ts';
export { VERSION } from './base/version.ts';
export { defaultReceivedDirectory, stateDirectory } from './config/user-directories.ts';
export { EngineClient } from './contract/engine-rpc.ts';
export { meantPath } from './files/lossy-path.ts';
