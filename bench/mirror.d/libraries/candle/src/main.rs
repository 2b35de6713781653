//! The yardstick models in candle: prints milliseconds per step and a digest of what was learnt, as JSON.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use std::time::Instant;

include!("../../yardstick.rs");

fn tensor(rows: usize, columns: usize, draw: &mut Draw) -> Result<Tensor> {
    Tensor::from_vec(draw.many(rows * columns, 1.0), (rows, columns), &Device::Cpu)
}

fn weight(rows: usize, columns: usize, draw: &mut Draw) -> Result<Var> {
    let spread = if rows == 1 { 0.0 } else { (2.0 / (rows + columns) as f32).sqrt() };
    Var::from_tensor(&Tensor::from_vec(draw.many(rows * columns, spread), (rows, columns), &Device::Cpu)?)
}

struct Gru {
    input: Var,
    state: Var,
    candidate: Var,
    bias: Var,
    out: Var,
    offset: Var,
}

impl Gru {
    fn forward(&self, inputs: &[Tensor]) -> Result<Tensor> {
        let mut h = Tensor::zeros((inputs[0].dim(0)?, HIDDEN), DType::F32, &Device::Cpu)?;
        for x in inputs {
            let fed = x.matmul(&self.input)?.broadcast_add(&self.bias)?;
            let gates = candle_nn::ops::sigmoid(&(h.matmul(&self.state)? + fed.narrow(1, 0, 2 * HIDDEN)?)?)?;
            let (update, reset) = (gates.narrow(1, 0, HIDDEN)?, gates.narrow(1, HIDDEN, HIDDEN)?);
            let candidate = ((reset * &h)?.matmul(&self.candidate)? + fed.narrow(1, 2 * HIDDEN, HIDDEN)?)?.tanh()?;
            h = (&h + (update * (candidate - &h)?)?)?;
        }
        h.matmul(&self.out)?.broadcast_add(&self.offset)
    }
}

struct Graph {
    layers: Vec<[Var; 3]>,
    out: Var,
    offset: Var,
}

impl Graph {
    fn forward(&self, x: &Tensor, from: &Tensor, to: &Tensor, share: &Tensor) -> Result<Tensor> {
        let mut h = x.clone();
        for [own, passed, bias] in &self.layers {
            let sent = h.index_select(from, 0)?.broadcast_mul(share)?;
            let heard = h.zeros_like()?.index_add(to, &sent, 0)?;
            let y = (h.matmul(own)? + heard.matmul(passed)?)?.broadcast_add(bias)?;
            h = candle_nn::ops::leaky_relu(&y, 0.1)?;
        }
        h.matmul(&self.out)?.broadcast_add(&self.offset)
    }
}

fn digest(weights: &[Var]) -> Result<u64> {
    let mut all = Digest::new();
    for weight in weights {
        all.add(&weight.flatten_all()?.to_vec1::<f32>()?);
    }
    Ok(all.0)
}

fn optimizer(weights: &[Var]) -> Result<AdamW> {
    AdamW::new(weights.to_vec(), ParamsAdamW { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 })
}

fn main() -> Result<()> {
    let draw = &mut Draw(1);
    let gru = Gru {
        input: weight(INPUT, 3 * HIDDEN, draw)?,
        state: weight(HIDDEN, 2 * HIDDEN, draw)?,
        candidate: weight(HIDDEN, HIDDEN, draw)?,
        bias: weight(1, 3 * HIDDEN, draw)?,
        out: weight(HIDDEN, 1, draw)?,
        offset: weight(1, 1, draw)?,
    };
    let inputs = (0..STEPS).map(|_| tensor(BATCH, INPUT, draw)).collect::<Result<Vec<_>>>()?;
    let target = tensor(BATCH, 1, draw)?;
    let weights = [&gru.input, &gru.state, &gru.candidate, &gru.bias, &gru.out, &gru.offset].map(Var::clone);
    let mut descent = optimizer(&weights)?;
    let mut loss = 0.0;
    let gru_train = time(ROUNDS, || {
        let all = (gru.forward(&inputs)? - &target)?.sqr()?.mean_all()?;
        descent.backward_step(&all)?;
        loss = all.to_scalar::<f32>()?;
        Ok::<(), candle_core::Error>(())
    })?;
    let gru_infer = time(ROUNDS, || gru.forward(&inputs)?.to_vec2::<f32>().map(|_| ()))?;
    let one = inputs.iter().map(|x| x.narrow(0, 0, 1)).collect::<Result<Vec<_>>>()?;
    let gru_one = time(ROUNDS, || gru.forward(&one)?.to_vec2::<f32>().map(|_| ()))?;
    let gru_digest = digest(&weights)?;

    let draw = &mut Draw(2);
    let layer = |draw: &mut Draw| -> Result<[Var; 3]> {
        Ok([weight(WIDTH, WIDTH, draw)?, weight(WIDTH, WIDTH, draw)?, weight(1, WIDTH, draw)?])
    };
    let layers = (0..LAYERS).map(|_| layer(draw)).collect::<Result<Vec<_>>>()?;
    let graph = Graph { layers, out: weight(WIDTH, 1, draw)?, offset: weight(1, 1, draw)? };
    let (x, target) = (tensor(NODES, WIDTH, draw)?, tensor(NODES, 1, draw)?);
    let links = links(draw);
    let ids = |of: fn(&(u32, u32, f32)) -> u32| {
        Tensor::from_vec(links.iter().map(of).collect::<Vec<u32>>(), links.len(), &Device::Cpu)
    };
    let (from, to) = (ids(|link| link.0)?, ids(|link| link.1)?);
    let share = Tensor::from_vec(links.iter().map(|link| link.2).collect::<Vec<f32>>(), (links.len(), 1), &Device::Cpu)?;
    let mut weights: Vec<Var> = graph.layers.iter().flatten().cloned().collect();
    weights.extend([graph.out.clone(), graph.offset.clone()]);
    let mut descent = optimizer(&weights)?;
    let mut graph_loss = 0.0;
    let graph_train = time(ROUNDS, || {
        let all = (graph.forward(&x, &from, &to, &share)? - &target)?.sqr()?.mean_all()?;
        descent.backward_step(&all)?;
        graph_loss = all.to_scalar::<f32>()?;
        Ok::<(), candle_core::Error>(())
    })?;
    let graph_infer = time(ROUNDS, || graph.forward(&x, &from, &to, &share)?.to_vec2::<f32>().map(|_| ()))?;
    report([gru_train, gru_infer, gru_one, graph_train, graph_infer], [loss, graph_loss], [gru_digest, digest(&weights)?]);
    Ok(())
}
