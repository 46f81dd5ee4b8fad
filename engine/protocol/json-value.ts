/** A bigint only where `parseHeader` returns one: JSON.stringify rejects it, `pythonJson` does not. */
export type JsonValue = null | boolean | number | bigint | string | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: JsonValue;
}
