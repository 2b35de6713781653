//! The yardstick models on the mirror's own tape: prints milliseconds per step and a digest of what was learnt, as JSON.

use didymos_mirror::learn::{Adam, Links, Matrix, Parameters, Tape, Var, Weight};
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Instant;

include!("../../yardstick.rs");

fn matrix(rows: usize, columns: usize, draw: &mut Draw) -> Matrix {
    Matrix::from_vec(rows, columns, draw.many(rows * columns, 1.0))
}

fn weight(parameters: &mut Parameters, rows: usize, columns: usize, draw: &mut Draw) -> Weight {
    let spread = if rows == 1 { 0.0 } else { (2.0 / (rows + columns) as f32).sqrt() };
    parameters.add(Matrix::from_vec(rows, columns, draw.many(rows * columns, spread)))
}

fn gru(tape: &mut Tape, parameters: &Parameters, weights: &[Weight; 6], inputs: &[Matrix]) -> Var {
    let [input, state, candidate, bias, out, offset] = weights.map(|weight| tape.weight(parameters, weight));
    let mut h = tape.filled(inputs[0].rows(), HIDDEN, 0.0);
    for x in inputs {
        let x = tape.given(x);
        let fed = tape.multiply(x, input);
        let fed = tape.add_row(fed, bias);
        let gates_fed = tape.columns(fed, 0, 2 * HIDDEN);
        let gates = tape.multiply(h, state);
        let gates = tape.add(gates, gates_fed);
        let gates = tape.sigmoid(gates);
        let (update, reset) = (tape.columns(gates, 0, HIDDEN), tape.columns(gates, HIDDEN, HIDDEN));
        let kept = tape.times(reset, h);
        let next = tape.multiply(kept, candidate);
        let next_fed = tape.columns(fed, 2 * HIDDEN, HIDDEN);
        let next = tape.add(next, next_fed);
        let next = tape.tanh(next);
        let change = tape.subtract(next, h);
        let change = tape.times(update, change);
        h = tape.add(h, change);
    }
    let y = tape.multiply(h, out);
    tape.add_row(y, offset)
}

fn graph(tape: &mut Tape, parameters: &Parameters, layers: &[[Weight; 3]], out: &[Weight; 2], x: &Matrix, links: &Rc<Links>) -> Var {
    let mut h = tape.given(x);
    for layer in layers {
        let [own, passed, bias] = layer.map(|weight| tape.weight(parameters, weight));
        let heard = tape.spread(h, links);
        let (own, passed) = (tape.multiply(h, own), tape.multiply(heard, passed));
        let y = tape.add(own, passed);
        let y = tape.add_row(y, bias);
        h = tape.rectify(y, 0.1);
    }
    let [out, offset] = out.map(|weight| tape.weight(parameters, weight));
    let y = tape.multiply(h, out);
    tape.add_row(y, offset)
}

fn digest(parameters: &Parameters, weights: &[Weight]) -> u64 {
    let mut all = Digest::new();
    weights.iter().for_each(|weight| all.add(parameters.get(*weight).as_slice()));
    all.0
}

fn learn(tape: &mut Tape, parameters: &mut Parameters, descent: &mut Adam, said: Var, target: &Matrix) -> f32 {
    let target = tape.given(target);
    let miss = tape.subtract(said, target);
    let squares = tape.times(miss, miss);
    let loss = tape.mean(squares);
    tape.backward(loss);
    descent.step(parameters, tape);
    tape.scalar(loss)
}

fn main() -> Result<(), Infallible> {
    let draw = &mut Draw(1);
    let mut p = Parameters::default();
    let sizes = [(INPUT, 3 * HIDDEN), (HIDDEN, 2 * HIDDEN), (HIDDEN, HIDDEN), (1, 3 * HIDDEN), (HIDDEN, 1), (1, 1)];
    let weights = sizes.map(|(rows, columns)| weight(&mut p, rows, columns, draw));
    let inputs: Vec<Matrix> = (0..STEPS).map(|_| matrix(BATCH, INPUT, draw)).collect();
    let target = matrix(BATCH, 1, draw);
    let mut descent = Adam::new(1e-3, 0.0);
    descent.clip = f32::INFINITY;
    let mut tape = Tape::new();
    let mut loss = 0.0;
    let gru_train = time(ROUNDS, || {
        tape.clear();
        let said = gru(&mut tape, &p, &weights, &inputs);
        loss = learn(&mut tape, &mut p, &mut descent, said, &target);
        Ok::<(), Infallible>(())
    })?;
    let mut infer = |inputs: &[Matrix]| {
        time(ROUNDS, || {
            tape.clear();
            let said = gru(&mut tape, &p, &weights, inputs);
            std::hint::black_box(tape.matrix(said));
            Ok::<(), Infallible>(())
        })
    };
    let gru_infer = infer(&inputs)?;
    let one: Vec<Matrix> = inputs.iter().map(|x| Matrix::from_vec(1, INPUT, x.row(0).to_vec())).collect();
    let gru_one = infer(&one)?;
    let gru_digest = digest(&p, &weights);

    let draw = &mut Draw(2);
    let mut p = Parameters::default();
    let layers: Vec<[Weight; 3]> = (0..LAYERS)
        .map(|_| [(WIDTH, WIDTH), (WIDTH, WIDTH), (1, WIDTH)].map(|(rows, columns)| weight(&mut p, rows, columns, draw)))
        .collect();
    let out = [(WIDTH, 1), (1, 1)].map(|(rows, columns)| weight(&mut p, rows, columns, draw));
    let (x, target) = (matrix(NODES, WIDTH, draw), matrix(NODES, 1, draw));
    let links = Rc::new(Links { each: links(draw), rows: NODES });
    let mut descent = Adam::new(1e-3, 0.0);
    descent.clip = f32::INFINITY;
    let mut graph_loss = 0.0;
    let graph_train = time(ROUNDS, || {
        tape.clear();
        let said = graph(&mut tape, &p, &layers, &out, &x, &links);
        graph_loss = learn(&mut tape, &mut p, &mut descent, said, &target);
        Ok::<(), Infallible>(())
    })?;
    let graph_infer = time(ROUNDS, || {
        tape.clear();
        let said = graph(&mut tape, &p, &layers, &out, &x, &links);
        std::hint::black_box(tape.matrix(said));
        Ok::<(), Infallible>(())
    })?;
    let mut weights: Vec<Weight> = layers.iter().flatten().copied().collect();
    weights.extend(out);
    report([gru_train, gru_infer, gru_one, graph_train, graph_infer], [loss, graph_loss], [gru_digest, digest(&p, &weights)]);
    Ok(())
}
