// QR codes (ISO/IEC 18004), as far as a ticket needs them: bytes, error correction M, versions 1 to 20.

/** Error correction codewords of a block, and blocks, of each version at level M (table 9). */
const CORRECTION = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26];
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16];
const LEVEL_M = 0;
const BYTES = 0b0100;

const MASKS: ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** Codewords that a version holds, correction included. */
function room(version: number): number {
  let modules = (16 * version + 128) * version + 64;
  if (version >= 2) {
    const marks = Math.floor(version / 7) + 2;
    modules -= (25 * marks - 10) * marks - 55;
  }
  return Math.floor((version >= 7 ? modules - 36 : modules) / 8);
}
const data = (version: number) => room(version) - CORRECTION[version - 1] * BLOCKS[version - 1];

/** The product in the field of 256 elements with the polynomial 0x11D. */
function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((b >> bit) & 1) * a;
  }
  return product;
}
/** What makes a block divisible by the generator of `count` roots: its Reed–Solomon correction. */
function correction(block: number[], count: number): number[] {
  const generator = new Array<number>(count).fill(0);
  generator[count - 1] = 1;
  for (let i = 0, root = 1; i < count; i += 1, root = times(root, 2)) {
    for (let at = 0; at < count; at += 1) generator[at] = times(generator[at], root) ^ (generator[at + 1] ?? 0);
  }
  const rest = new Array<number>(count).fill(0);
  for (const byte of block) {
    const factor = byte ^ (rest.shift() as number);
    rest.push(0);
    generator.forEach((value, at) => (rest[at] ^= times(value, factor)));
  }
  return rest;
}

/** Mode, length, bytes and padding, cut into blocks; then column by column, and the correction after it. */
function codewords(bytes: Uint8Array, version: number): number[] {
  const bits: number[] = [];
  const put = (value: number, count: number) => {
    for (let bit = count - 1; bit >= 0; bit -= 1) bits.push((value >> bit) & 1);
  };
  put(BYTES, 4);
  put(bytes.length, version < 10 ? 8 : 16);
  for (const byte of bytes) put(byte, 8);
  put(0, Math.min(4, data(version) * 8 - bits.length));
  put(0, -bits.length & 7);
  for (let pad = 0xec; bits.length < data(version) * 8; pad ^= 0xec ^ 0x11) put(pad, 8);
  const words = Array.from({ length: bits.length / 8 }, (_, i) => bits.slice(i * 8, i * 8 + 8).reduce((word, bit) => word * 2 + bit, 0));

  const [blocks, count] = [BLOCKS[version - 1], CORRECTION[version - 1]];
  const long = words.length % blocks;
  const short = Math.floor(words.length / blocks);
  const cut: number[][] = [];
  for (let i = 0, at = 0; i < blocks; i += 1) {
    const end = at + short + (i >= blocks - long ? 1 : 0);
    cut.push(words.slice(at, end));
    at = end;
  }
  const columns = (rows: number[][], length: number) => Array.from({ length }, (_, at) => rows.filter((row) => at < row.length).map((row) => row[at])).flat();
  return [...columns(cut, short + 1), ...columns(cut.map((block) => correction(block, count)), count)];
}

/** The remainder of `value`, shifted, by a generator: the check bits of format and version. */
function checked(value: number, generator: number, degree: number): number {
  let rest = value << degree;
  for (let bit = 31 - Math.clz32(rest); bit >= degree; bit -= 1) if ((rest >> bit) & 1) rest ^= generator << (bit - degree);
  return (value << degree) | rest;
}

type Grid = boolean[][];
/** Everything but the data; `fixed` says where it lies. */
function frame(version: number): { grid: Grid; fixed: Grid; size: number; format: (mask: number) => void } {
  const size = 4 * version + 17;
  const empty = () => Array.from({ length: size }, () => new Array<boolean>(size).fill(false));
  const [grid, fixed] = [empty(), empty()];
  const set = (x: number, y: number, dark: boolean) => {
    if (x < 0 || y < 0 || x >= size || y >= size) return;
    grid[y][x] = dark;
    fixed[y][x] = true;
  };
  for (let i = 0; i < size; i += 1) {
    set(6, i, i % 2 === 0);
    set(i, 6, i % 2 === 0);
  }
  const square = (cx: number, cy: number, reach: number, dark: (ring: number) => boolean) => {
    for (let dy = -reach; dy <= reach; dy += 1) for (let dx = -reach; dx <= reach; dx += 1) set(cx + dx, cy + dy, dark(Math.max(Math.abs(dx), Math.abs(dy))));
  };
  for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) square(x, y, 4, (ring) => ring !== 2 && ring !== 4);
  const marks = version === 1 ? 0 : Math.floor(version / 7) + 2;
  const step = Math.ceil((size - 13) / (2 * marks - 2)) * 2;
  const places = Array.from({ length: marks }, (_, i) => (i === 0 ? 6 : size - 7 - (marks - 1 - i) * step));
  for (const x of places) {
    for (const y of places) {
      const taken = (x === 6 && y === 6) || (x === 6 && y === size - 7) || (x === size - 7 && y === 6);
      if (!taken) square(x, y, 2, (ring) => ring !== 1);
    }
  }
  if (version >= 7) {
    const bits = checked(version, 0x1f25, 12);
    for (let i = 0; i < 18; i += 1) {
      const [near, far] = [Math.floor(i / 3), size - 11 + (i % 3)];
      set(near, far, ((bits >> i) & 1) === 1);
      set(far, near, ((bits >> i) & 1) === 1);
    }
  }
  const format = (mask: number) => {
    const bits = checked((LEVEL_M << 3) | mask, 0x537, 10) ^ 0x5412;
    for (let i = 0; i < 15; i += 1) {
      const dark = ((bits >> i) & 1) === 1;
      // Around the first finder, past the timing lines; and once more, split between the two others.
      const at = i < 6 ? i : i < 8 ? i + 1 : 14 - i;
      if (i < 8) set(8, at, dark);
      else set(i === 8 ? 7 : at, 8, dark);
      if (i < 8) set(size - 1 - i, 8, dark);
      else set(8, size - 15 + i, dark);
    }
    set(8, size - 8, true);
  };
  format(0);
  return { grid, fixed, size, format };
}

/** How hard a pattern is to read, by the four rules of the standard. */
function penalty(grid: Grid): number {
  const size = grid.length;
  let sum = 0;
  const lines = [...grid, ...grid.map((_, x) => grid.map((row) => row[x]))];
  for (const line of lines) {
    for (let start = 0, at = 1; at <= size; at += 1) {
      if (at < size && line[at] === line[start]) continue;
      if (at - start >= 5) sum += at - start - 2;
      start = at;
    }
    const text = line.map(Number).join("");
    for (const finder of ["10111010000", "00001011101"]) for (let at = text.indexOf(finder); at >= 0; at = text.indexOf(finder, at + 1)) sum += 40;
  }
  let dark = 0;
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      dark += Number(grid[y][x]);
      if (x > 0 && y > 0 && grid[y][x] === grid[y][x - 1] && grid[y][x] === grid[y - 1][x] && grid[y][x] === grid[y - 1][x - 1]) sum += 3;
    }
  }
  return sum + Math.floor(Math.abs((dark / size ** 2) * 20 - 10)) * 10;
}

/** The code of `text`: rows of modules, true where dark; null where it is too long. */
export function qr(text: string): Grid | null {
  const bytes = new TextEncoder().encode(text);
  const version = BLOCKS.findIndex((_, i) => bytes.length + (i < 9 ? 2 : 3) <= data(i + 1)) + 1;
  if (version === 0) return null;
  const { grid, fixed, size, format } = frame(version);
  const words = codewords(bytes, version);
  let bit = 0;
  // In columns of two from the right, up and down in turn, past the timing line.
  for (let right = size - 1, up = true; right > 0; right -= right === 8 ? 3 : 2, up = !up) {
    for (let i = 0; i < size; i += 1) {
      const y = up ? size - 1 - i : i;
      for (const x of [right, right - 1]) {
        if (fixed[y][x]) continue;
        grid[y][x] = ((words[bit >> 3] ?? 0) >> (7 - (bit & 7))) % 2 === 1;
        bit += 1;
      }
    }
  }
  const flip = (mask: number) => {
    for (let y = 0; y < size; y += 1) for (let x = 0; x < size; x += 1) if (!fixed[y][x]) grid[y][x] = grid[y][x] !== MASKS[mask](x, y);
  };
  const scores = MASKS.map((_, mask) => {
    flip(mask);
    format(mask);
    const score = penalty(grid);
    flip(mask);
    return score;
  });
  const best = scores.indexOf(Math.min(...scores));
  flip(best);
  format(best);
  return grid;
}

/** A grid as the path of an SVG, one run of dark modules after the other. */
export function path(grid: Grid): string {
  let text = "";
  grid.forEach((row, y) => {
    for (let x = 0; x < row.length; x += 1) {
      if (!row[x]) continue;
      const start = x;
      while (row[x]) x += 1;
      text += `M${start} ${y}h${x - start}v1h${start - x}z`;
    }
  });
  return text;
}
