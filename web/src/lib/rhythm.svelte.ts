// Twenty-four hours of the owner's own rhythm: how much of the day's heart, steps or anything else falls into each hour.

import { askOnce } from "./api/door";
import type { QueryAnswer, StreamInfo } from "./api/types";
import { wallOf } from "./wall";

class Rhythm {
  hours = $state.raw<number[]>([]);

  async learn(streams: StreamInfo[]): Promise<void> {
    const stream = ["heart_rate", "steps", "glucose"].map((id) => streams.find((one) => one.id === id)).find(Boolean) ?? streams.find((one) => one.kind === "reading" || one.kind === "total");
    if (!stream) return;
    const answer = await askOnce<QueryAnswer>("timeline.query@1", { stream: stream.id, every: "1h", limit: 24 * 60 });
    const [sum, count] = [new Array<number>(24).fill(0), new Array<number>(24).fill(0)];
    for (const bucket of answer.buckets ?? []) {
      const hour = new Date(wallOf(bucket.time)).getUTCHours();
      sum[hour] += bucket.mean ?? bucket.sum ?? 0;
      count[hour] += 1;
    }
    const means = sum.map((total, hour) => (count[hour] > 0 ? total / count[hour] : Number.NaN));
    const known = means.filter(Number.isFinite);
    if (known.length < 12) return;
    const middle = known.reduce((a, b) => a + b, 0) / known.length;
    this.hours = means.map((mean) => (Number.isFinite(mean) ? mean : middle));
  }
}

export const rhythm = new Rhythm();
