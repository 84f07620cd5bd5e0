// Several files as one: a ZIP archive whose entries are stored as they are.

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++)
    remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  return remainder;
});

/** The sum that ZIP and PNG use. */
export function crc32(bytes) {
  let remainder = 0xffffffff;
  for (const byte of bytes) remainder = (remainder >>> 8) ^ CRC_TABLE[(remainder ^ byte) & 255];
  return (remainder ^ 0xffffffff) >>> 0;
}

/** An archive of files, [name, Uint8Array]. Source: PKWARE's APPNOTE, 4.3.7, 4.3.12, 4.3.16. */
export function zip(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [name, bytes] of files) {
    const encoded = new TextEncoder().encode(name);
    const sum = crc32(bytes);
    // version 2.0, names in UTF-8, stored, 1 January 1980
    const common = [
      [20, 2],
      [0x0800, 2],
      [0, 2],
      [0, 2],
      [0x0021, 2],
      [sum, 4],
      [bytes.length, 4],
      [bytes.length, 4],
      [encoded.length, 2],
      [0, 2],
    ];
    const local = fields([[0x04034b50, 4], ...common]);
    const rest = [
      [0, 2],
      [0, 2],
      [0, 2],
      [0, 4],
      [offset, 4],
    ];
    directory.push(fields([[0x02014b50, 4], [20, 2], ...common, ...rest]), encoded);
    parts.push(local, encoded, bytes);
    offset += local.length + encoded.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = fields([
    [0x06054b50, 4],
    [0, 2],
    [0, 2],
    [files.length, 2],
    [files.length, 2],
    [size, 4],
    [offset, 4],
    [0, 2],
  ]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

/** Numbers of so many bytes each, little-endian. */
function fields(numbers) {
  return Uint8Array.from(
    numbers.flatMap(([number, bytes]) =>
      Array.from({ length: bytes }, (_, i) => (number >>> (8 * i)) & 255),
    ),
  );
}
