//! The yardstick models in burn: prints milliseconds per step and a digest of what was learnt, as JSON.

use burn::backend::{Autodiff, NdArray};
use burn::module::{Module, Param};
use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use burn::tensor::activation::{leaky_relu, sigmoid};
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{IndexingUpdateOp, Int, Tensor, TensorData};
use std::convert::Infallible;
use std::time::Instant;

include!("../../yardstick.rs");

fn tensor<B: Backend>(rows: usize, columns: usize, draw: &mut Draw) -> Tensor<B, 2> {
    Tensor::from_data(TensorData::new(draw.many(rows * columns, 1.0), [rows, columns]), &Default::default())
}

fn weight<B: Backend>(rows: usize, columns: usize, draw: &mut Draw) -> Param<Tensor<B, 2>> {
    let spread = if rows == 1 { 0.0 } else { (2.0 / (rows + columns) as f32).sqrt() };
    let data = TensorData::new(draw.many(rows * columns, spread), [rows, columns]);
    Param::from_tensor(Tensor::from_data(data, &Default::default()))
}

#[derive(Module, Debug)]
struct Gru<B: Backend> {
    weights: Vec<Param<Tensor<B, 2>>>,
}

impl<B: Backend> Gru<B> {
    fn forward(&self, inputs: &[Tensor<B, 2>]) -> Tensor<B, 2> {
        let [w, u, c, b, out, offset] = [0, 1, 2, 3, 4, 5].map(|i| self.weights[i].val());
        let rows = inputs[0].dims()[0];
        let mut h = Tensor::zeros([rows, HIDDEN], &Default::default());
        for x in inputs {
            let fed = x.clone().matmul(w.clone()) + b.clone();
            let gates = sigmoid(h.clone().matmul(u.clone()) + fed.clone().narrow(1, 0, 2 * HIDDEN));
            let (update, reset) = (gates.clone().narrow(1, 0, HIDDEN), gates.narrow(1, HIDDEN, HIDDEN));
            let candidate = ((reset * h.clone()).matmul(c.clone()) + fed.narrow(1, 2 * HIDDEN, HIDDEN)).tanh();
            h = h.clone() + update * (candidate - h);
        }
        h.matmul(out) + offset
    }
}

#[derive(Module, Debug)]
struct Graph<B: Backend> {
    weights: Vec<Param<Tensor<B, 2>>>,
}

impl<B: Backend> Graph<B> {
    fn forward(&self, x: &Tensor<B, 2>, from: &Tensor<B, 1, Int>, to: &Tensor<B, 1, Int>, share: &Tensor<B, 2>) -> Tensor<B, 2> {
        let mut h = x.clone();
        for layer in self.weights.chunks_exact(3) {
            let sent = h.clone().select(0, from.clone()) * share.clone();
            let heard = h.zeros_like().select_assign(0, to.clone(), sent, IndexingUpdateOp::Add);
            h = leaky_relu(h.matmul(layer[0].val()) + heard.matmul(layer[1].val()) + layer[2].val(), 0.1);
        }
        let last = 3 * LAYERS;
        h.matmul(self.weights[last].val()) + self.weights[last + 1].val()
    }
}

fn digest<B: Backend>(weights: &[Param<Tensor<B, 2>>]) -> u64 {
    let mut all = Digest::new();
    weights.iter().for_each(|weight| all.add(&weight.val().into_data().to_vec::<f32>().unwrap_or_default()));
    all.0
}

fn first<B: Backend>(of: Tensor<B, 1>) -> f32 {
    of.into_data().to_vec::<f32>().unwrap_or_default()[0]
}

fn run<B: AutodiffBackend>() -> Result<(), Infallible> {
    let draw = &mut Draw(1);
    let sizes = [(INPUT, 3 * HIDDEN), (HIDDEN, 2 * HIDDEN), (HIDDEN, HIDDEN), (1, 3 * HIDDEN), (HIDDEN, 1), (1, 1)];
    let mut gru = Gru::<B> { weights: sizes.iter().map(|(rows, columns)| weight(*rows, *columns, draw)).collect() };
    let inputs: Vec<Tensor<B, 2>> = (0..STEPS).map(|_| tensor(BATCH, INPUT, draw)).collect();
    let target: Tensor<B, 2> = tensor(BATCH, 1, draw);
    let mut descent = AdamConfig::new().with_beta_2(0.999).with_epsilon(1e-8).init();
    let mut loss = 0.0;
    let gru_train = time(ROUNDS, || {
        let all = (gru.forward(&inputs) - target.clone()).powf_scalar(2.0).mean();
        let slopes = GradientsParams::from_grads(all.backward(), &gru);
        gru = descent.step(1e-3, gru.clone(), slopes);
        loss = first(all);
        Ok::<(), Infallible>(())
    })?;
    let valid = burn::module::AutodiffModule::valid(&gru);
    let plain: Vec<Tensor<B::InnerBackend, 2>> = inputs.iter().map(|x| x.clone().inner()).collect();
    let gru_infer = time(ROUNDS, || Ok::<(), Infallible>(drop(valid.forward(&plain).into_data())))?;
    let one: Vec<_> = plain.iter().map(|x| x.clone().narrow(0, 0, 1)).collect();
    let gru_one = time(ROUNDS, || Ok::<(), Infallible>(drop(valid.forward(&one).into_data())))?;
    let gru_digest = digest(&valid.weights);

    let draw = &mut Draw(2);
    let mut weights = Vec::new();
    for _ in 0..LAYERS {
        weights.extend([(WIDTH, WIDTH), (WIDTH, WIDTH), (1, WIDTH)].map(|(rows, columns)| weight(rows, columns, draw)));
    }
    weights.extend([(WIDTH, 1), (1, 1)].map(|(rows, columns)| weight(rows, columns, draw)));
    let mut graph = Graph::<B> { weights };
    let (x, target): (Tensor<B, 2>, Tensor<B, 2>) = (tensor(NODES, WIDTH, draw), tensor(NODES, 1, draw));
    let links = links(draw);
    let ids = |of: fn(&(u32, u32, f32)) -> u32| -> Tensor<B, 1, Int> {
        let all: Vec<i64> = links.iter().map(|link| i64::from(of(link))).collect();
        Tensor::from_data(TensorData::new(all, [LINKS]), &Default::default())
    };
    let (from, to) = (ids(|link| link.0), ids(|link| link.1));
    let share: Vec<f32> = links.iter().map(|link| link.2).collect();
    let share: Tensor<B, 2> = Tensor::from_data(TensorData::new(share, [LINKS, 1]), &Default::default());
    let mut descent = AdamConfig::new().with_beta_2(0.999).with_epsilon(1e-8).init();
    let mut graph_loss = 0.0;
    let graph_train = time(ROUNDS, || {
        let all = (graph.forward(&x, &from, &to, &share) - target.clone()).powf_scalar(2.0).mean();
        let slopes = GradientsParams::from_grads(all.backward(), &graph);
        graph = descent.step(1e-3, graph.clone(), slopes);
        graph_loss = first(all);
        Ok::<(), Infallible>(())
    })?;
    let valid = burn::module::AutodiffModule::valid(&graph);
    let (x, from, to, share) = (x.inner(), from.inner(), to.inner(), share.inner());
    let graph_infer = time(ROUNDS, || Ok::<(), Infallible>(drop(valid.forward(&x, &from, &to, &share).into_data())))?;
    report([gru_train, gru_infer, gru_one, graph_train, graph_infer], [loss, graph_loss], [gru_digest, digest(&valid.weights)]);
    Ok(())
}

fn main() -> Result<(), Infallible> {
    run::<Autodiff<NdArray>>()
}
