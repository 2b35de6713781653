// Reading a code with the camera, where the browser can: nothing is downloaded for it, and no picture leaves the page.

interface Found { rawValue: string }
interface Detector { detect(source: HTMLVideoElement): Promise<Found[]> }
type DetectorMaker = { new (options: { formats: string[] }): Detector; getSupportedFormats(): Promise<string[]> };

const maker = () => (globalThis as { BarcodeDetector?: DetectorMaker }).BarcodeDetector;
const PAUSE = 150;

export async function canScan(): Promise<boolean> {
  if (!navigator.mediaDevices?.getUserMedia) return false;
  const formats = await maker()?.getSupportedFormats().catch((): string[] => []);
  return formats?.includes("qr_code") ?? false;
}

/** Shows the camera in `video` until a code beginning with `prefix` is seen, or `over` says stop. */
export async function scan(video: HTMLVideoElement, prefix: string, over: AbortSignal): Promise<string | null> {
  const Make = maker();
  if (!Make) return null;
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  try {
    video.srcObject = stream;
    await video.play();
    const detector = new Make({ formats: ["qr_code"] });
    while (!over.aborted) {
      const found = (await detector.detect(video)).find((one) => one.rawValue.startsWith(prefix));
      if (found) return found.rawValue;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
    return null;
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}
