// Shared by the candidates: sizes, numbers drawn alike, clock and report. Included, not linked, so that each candidate
// stays a program of its own.

const BATCH: usize = 32;
const STEPS: usize = 24;
const INPUT: usize = 8;
const HIDDEN: usize = 32;
const NODES: usize = 240;
const WIDTH: usize = 16;
const LAYERS: usize = 2;
const LINKS: usize = 1200;
const ROUNDS: usize = 300;

/// Numbers from a seed (an MMIX linear congruence), evenly spread with standard deviation 1 times a factor.
struct Draw(u64);

impl Draw {
    fn unit(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1u64 << 24) as f32
    }

    fn many(&mut self, count: usize, spread: f32) -> Vec<f32> {
        (0..count).map(|_| (self.unit() - 0.5) * 12f32.sqrt() * spread).collect()
    }
}

/// Links from node to node with the share of each in its target's mean.
fn links(draw: &mut Draw) -> Vec<(u32, u32, f32)> {
    let pairs: Vec<(u32, u32)> =
        (0..LINKS).map(|_| ((draw.unit() * NODES as f32) as u32, (draw.unit() * NODES as f32) as u32)).collect();
    let mut count = vec![0.0f32; NODES];
    pairs.iter().for_each(|pair| count[pair.1 as usize] += 1.0);
    pairs.iter().map(|(from, to)| (*from, *to, 1.0 / count[*to as usize])).collect()
}

/// FNV-1a over bits.
struct Digest(u64);

impl Digest {
    fn new() -> Self {
        Digest(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, numbers: &[f32]) {
        for byte in numbers.iter().flat_map(|x| x.to_bits().to_le_bytes()) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// The median milliseconds of a round.
fn time<E>(rounds: usize, mut round: impl FnMut() -> std::result::Result<(), E>) -> std::result::Result<f64, E> {
    let mut each = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let began = Instant::now();
        round()?;
        each.push(began.elapsed().as_secs_f64() * 1e3);
    }
    each.sort_by(f64::total_cmp);
    Ok(each[rounds / 2])
}

fn report(times: [f64; 5], losses: [f32; 2], digests: [u64; 2]) {
    let [gru_train, gru_infer, gru_one, graph_train, graph_infer] = times;
    println!(
        "{{\"gru_train_ms\":{gru_train},\"gru_infer_ms\":{gru_infer},\"gru_one_ms\":{gru_one},\
         \"graph_train_ms\":{graph_train},\"graph_infer_ms\":{graph_infer},\"losses\":[{},{}],\"digest\":\"{:x}-{:x}\"}}",
        losses[0], losses[1], digests[0], digests[1]
    );
}
