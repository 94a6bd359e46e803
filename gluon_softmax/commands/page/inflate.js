// Decompression (RFC 1950 and 1951), which older browsers do not offer.

const LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83,
  99, 115, 131, 163, 195, 227, 258];
const DISTANCES = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769,
  1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

function makeBitReader(bytes) {
  let at = 2; // behind zlib's own two bytes
  let kept = 0, count = 0;
  return {
    take(wanted) {
      while (count < wanted) {
        kept |= bytes[at++] << count;
        count += 8;
      }
      const found = kept & ((1 << wanted) - 1);
      kept >>>= wanted;
      count -= wanted;
      return found;
    },
    takeBytes() { // a stored block: its length twice, then the bytes themselves
      [kept, count] = [0, 0];
      const length = bytes[at] | (bytes[at + 1] << 8);
      at += 4 + length;
      return bytes.subarray(at - length, at);
    },
  };
}

// A canonical Huffman code: how many codes there are of each length, and their symbols.
function makeCode(lengths) {
  const counts = new Uint16Array(16);
  for (const length of lengths) counts[length] += 1;
  counts[0] = 0;
  const symbols = [...lengths.keys()].filter((symbol) => lengths[symbol]);
  symbols.sort((a, b) => lengths[a] - lengths[b] || a - b);
  return { counts, symbols };
}

function readSymbol(reader, { counts, symbols }) {
  let code = 0, first = 0, index = 0;
  for (let length = 1; length < 16; length++) {
    code |= reader.take(1);
    if (code - counts[length] < first) return symbols[index + code - first];
    index += counts[length];
    first = (first + counts[length]) << 1;
    code <<= 1;
  }
  throw new Error("the compressed data are damaged");
}

function readCodes(reader) {
  const [numLengths, numDistances] = [reader.take(5) + 257, reader.take(5) + 1];
  const ofLengths = new Uint8Array(19);
  const numCodes = reader.take(4) + 4;
  for (let i = 0; i < numCodes; i++) ofLengths[LENGTH_ORDER[i]] = reader.take(3);
  const code = makeCode(ofLengths);
  const lengths = [];
  while (lengths.length < numLengths + numDistances) {
    const symbol = readSymbol(reader, code);
    if (symbol < 16) lengths.push(symbol);
    else if (symbol === 16) repeat(lengths, lengths[lengths.length - 1], 3 + reader.take(2));
    else repeat(lengths, 0, symbol === 17 ? 3 + reader.take(3) : 11 + reader.take(7));
  }
  return [makeCode(lengths.slice(0, numLengths)), makeCode(lengths.slice(numLengths))];
}

function repeat(numbers, number, times) {
  for (let i = 0; i < times; i++) numbers.push(number);
}

function fixedCodes() {
  const lengths = Array.from({ length: 288 }, (_, i) => 8 + (i >= 144 && i < 256) - (i >= 256 && i < 280));
  return [makeCode(lengths), makeCode(new Array(30).fill(5))];
}

function inflate(bytes, size) {
  const reader = makeBitReader(bytes);
  const out = new Uint8Array(size);
  let end = 0, isLast = 0;
  while (!isLast) {
    isLast = reader.take(1);
    const kind = reader.take(2);
    if (kind === 0) {
      const stored = reader.takeBytes();
      out.set(stored, end);
      end += stored.length;
    } else {
      end = inflateBlock(reader, kind === 1 ? fixedCodes() : readCodes(reader), out, end);
    }
  }
  return out;
}

function inflateBlock(reader, [literals, distances], out, end) {
  for (;;) {
    const symbol = readSymbol(reader, literals);
    if (symbol === 256) return end;
    if (symbol < 256) {
      out[end++] = symbol;
      continue;
    }
    const place = symbol - 257;
    const isLong = place < 8 || place === 28;
    const length = LENGTHS[place] + reader.take(isLong ? 0 : (place >> 2) - 1);
    const far = readSymbol(reader, distances);
    const distance = DISTANCES[far] + reader.take(far < 4 ? 0 : (far >> 1) - 1);
    for (let i = 0; i < length; i++, end++) out[end] = out[end - distance];
  }
}
