// Places: the way as it lies on the ground, one scale for both directions, and below it when each place was passed.

import { disc } from "./draw.js";

const METRES_PER_DEGREE = 111_320; // of latitude, and of longitude at the equator (WGS 84, to a part in 300)
const STRIP = 26;

export function drawTrack(frame) {
  const { context, box, picture, colours, lane, x, first, last } = frame;
  const { time, lat, lon } = picture;
  const strip = box.bottom - STRIP;
  context.strokeStyle = colours.hair;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(box.left, strip + 0.5);
  context.lineTo(box.right, strip + 0.5);
  context.stroke();
  context.fillStyle = lane;
  for (let i = first; i < last; i += 1) context.fillRect(x(time[i]), strip + 9, 1, 10);
  if (last <= first) return;

  const shown = (column) => column.slice(first, last);
  const [south, north] = [Math.min(...shown(lat)), Math.max(...shown(lat))];
  const [west, east] = [Math.min(...shown(lon)), Math.max(...shown(lon))];
  const squeeze = Math.cos(((south + north) / 2) * (Math.PI / 180));
  const tall = Math.max((north - south) * METRES_PER_DEGREE, 20);
  const wide = Math.max((east - west) * METRES_PER_DEGREE * squeeze, 20);
  const [roomX, roomY] = [box.right - box.left - 40, strip - box.top - 34];
  const scale = Math.min(roomX / wide, roomY / tall);
  const [middleX, middleY] = [(box.left + box.right) / 2, (box.top + strip) / 2];
  const place = (i) => [
    middleX + (lon[i] - (west + east) / 2) * METRES_PER_DEGREE * squeeze * scale,
    middleY - (lat[i] - (south + north) / 2) * METRES_PER_DEGREE * scale,
  ];

  context.strokeStyle = lane;
  context.lineWidth = 2;
  context.lineJoin = "round";
  context.beginPath();
  for (let i = first; i < last; i += 1) {
    // A silence of more than ten minutes is not a straight walk.
    if (i > first && time[i] - time[i - 1] < 600_000) context.lineTo(...place(i));
    else context.moveTo(...place(i));
  }
  context.stroke();
  disc(context, ...place(first), 5, colours.paper, lane);
  disc(context, ...place(last - 1), 5, lane, colours.paper);

  const bar = [1, 2, 5].flatMap((n) => [0, 1, 2, 3, 4, 5, 6].map((p) => n * 10 ** p)).sort((a, b) => a - b).findLast((m) => m * scale <= 120) ?? 1;
  const y = strip - 12;
  context.strokeStyle = colours.quiet;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(box.left + 0.5, y - 5);
  context.lineTo(box.left + 0.5, y + 0.5);
  context.lineTo(box.left + bar * scale + 0.5, y + 0.5);
  context.lineTo(box.left + bar * scale + 0.5, y - 5);
  context.stroke();
  context.fillStyle = colours.quiet;
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  context.fillText(bar >= 1000 ? `${bar / 1000} km` : `${bar} m`, box.left + bar * scale + 8, y + 1);

  frame.at = place;
  frame.hit = (px, py) => {
    if (py > strip) return null;
    let [best, distance] = [-1, 40 * 40];
    for (let i = first; i < last; i += 1) {
      const [cx, cy] = place(i);
      const square = (cx - px) ** 2 + (cy - py) ** 2;
      if (square < distance) [best, distance] = [i, square];
    }
    return best;
  };
}
