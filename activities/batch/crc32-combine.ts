// Computes the CRC-32 of two concatenated texts from the CRC of each. Parts of a file are encoded
// concurrently and in any order, and the trailer of a gzip file needs the CRC of all. Appending n zero bits
// is linear over GF(2). So it is a 32 × 32 bit matrix, raised to the n-th power by repeated squaring.

/** The reflected polynomial of gzip and zlib. */
const POLYNOMIAL = 0xedb88320;

/** A matrix over GF(2): one unsigned 32 bit column each for bit 0 to 31 of the vector. */
type Matrix = readonly number[];

/**
 * The CRC-32 of `first` followed by `second`, unsigned. Takes the CRCs of both, and the length of the second:
 * any whole number up to 2^53.
 */
export function crc32Combine(first: number, second: number, secondBytes: number): number {
  let crc = first >>> 0;
  let matrix = BYTE_MATRIX;
  for (let left = secondBytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) crc = multiply(matrix, crc);
    matrix = square(matrix);
  }
  return (crc ^ second) >>> 0;
}

function multiply(matrix: Matrix, vector: number): number {
  let product = 0;
  for (let bit = 0, rest = vector; rest !== 0; bit++, rest >>>= 1) {
    if (rest & 1) product ^= matrix[bit] ?? 0;
  }
  return product >>> 0;
}

function square(matrix: Matrix): Matrix {
  return matrix.map((column) => multiply(matrix, column));
}

/** Appends one zero bit: shifts towards bit 0, and each bit shifted out adds the polynomial. */
const BIT_MATRIX: Matrix = [POLYNOMIAL, ...Array.from({ length: 31 }, (_, bit) => (1 << bit) >>> 0)];

/** Appends one zero byte: three squarings of one bit. */
const BYTE_MATRIX: Matrix = square(square(square(BIT_MATRIX)));
