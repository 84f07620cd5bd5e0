// Bytes as text that an address can hold. Source: RFC 4648, section 5.

/** Numbers from 0 to 255 as text. */
export function toText(bytes) {
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The bytes of a text; throws where they are not so many, if that is said. */
export function fromText(text, count = null) {
  const characters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  if (count !== null && characters.length !== count) throw new Error(`${characters.length} bytes`);
  return Uint8Array.from(characters, (character) => character.charCodeAt(0));
}
