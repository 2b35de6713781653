// Places: the way as it lies on the ground, one scale for both directions, and below it when each place was passed.

import { type Frame, disc, line } from "./draw";
import type { Of } from "./picture";

const METRES_PER_DEGREE = 111_320; // of latitude, and of longitude at the equator (WGS 84, to a part in 300)
const STRIP = 18;
const SILENCE = 600_000; // more than ten minutes without a place is not a straight walk
const LENGTHS = [0, 1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((n) => n * 10 ** power));

export function drawTrack(frame: Frame, { time, lat, lon }: Of<"track">): void {
  const { context, box, colours, lane, x, first, last } = frame;
  const strip = box.bottom - STRIP;
  context.strokeStyle = colours.grid;
  context.lineWidth = 1;
  line(context, box.left, strip + 0.5, box.right, strip + 0.5);
  context.fillStyle = lane;
  for (let i = first; i < last; i += 1) context.fillRect(x(time[i]), strip + 6, 1.2, 8);
  if (last <= first) return;

  const range = (column: number[]) => {
    let [low, high] = [Infinity, -Infinity];
    for (let i = first; i < last; i += 1) [low, high] = [Math.min(low, column[i]), Math.max(high, column[i])];
    return [low, high];
  };
  const [[south, north], [west, east]] = [range(lat), range(lon)];
  const squeeze = Math.cos(((south + north) / 2) * (Math.PI / 180));
  const tall = Math.max((north - south) * METRES_PER_DEGREE, 20);
  const wide = Math.max((east - west) * METRES_PER_DEGREE * squeeze, 20);
  const scale = Math.min((box.right - box.left - 40) / wide, (strip - box.top - 18) / tall);
  const [middleX, middleY] = [(box.left + box.right) / 2, (box.top + strip) / 2];
  const place = (i: number): [number, number] => [
    middleX + (lon[i] - (west + east) / 2) * METRES_PER_DEGREE * squeeze * scale,
    middleY - (lat[i] - (south + north) / 2) * METRES_PER_DEGREE * scale,
  ];

  context.strokeStyle = lane;
  context.lineWidth = 2;
  context.lineJoin = "round";
  context.beginPath();
  for (let i = first; i < last; i += 1) {
    if (i > first && time[i] - time[i - 1] < SILENCE) context.lineTo(...place(i));
    else context.moveTo(...place(i));
  }
  context.stroke();
  disc(context, ...place(first), 4.5, colours.paper, lane);
  disc(context, ...place(last - 1), 4.5, lane, colours.paper);

  const length = LENGTHS.findLast((metres) => metres * scale <= 110) ?? 1;
  const y = strip - 8;
  context.strokeStyle = colours.quiet;
  line(context, box.left + 0.5, y + 0.5, box.left + length * scale + 0.5, y + 0.5);
  context.fillStyle = colours.quiet;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(length >= 1000 ? `${length / 1000} km` : `${length} m`, box.left + length * scale + 8, y);

  frame.at = place;
  frame.hit = (px, py) => {
    if (py > strip) return -1;
    let [best, distance] = [-1, 40 * 40];
    for (let i = first; i < last; i += 1) {
      const [cx, cy] = place(i);
      const square = (cx - px) ** 2 + (cy - py) ** 2;
      if (square < distance) [best, distance] = [i, square];
    }
    return best;
  };
}
