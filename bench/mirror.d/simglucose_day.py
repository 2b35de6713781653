"""Days as `simglucose` simulates them, and the reference days that the tests of `crates/mirror` compare with.

    python3 bench/mirror.d/simglucose_day.py > crates/mirror/tests/data/simglucose_days.csv

takes some ten minutes: 24 hours of all 30 virtual people under basal–bolus, two of them under PID, and three
open-loop days at the edges (an overdose, an overdose with food after it, nothing but snacks). Needs `pip install simglucose`.
"""
import sys, time, warnings

warnings.filterwarnings("ignore")
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from simglucose.actuator.pump import InsulinPump
from simglucose.controller.base import Controller
from simglucose.controller.base import Action as Dose
from simglucose.controller.basal_bolus_ctrller import BBController
from simglucose.controller.pid_ctrller import PIDController
from simglucose.patient.t1dpatient import Action, T1DPatient
from simglucose.sensor.cgm import CGMSensor
from simglucose.simulation.env import T1DSimEnv
from simglucose.simulation.scenario_gen import RandomScenario
from simglucose.simulation.sim_engine import SimObj

MIDNIGHT = datetime(2024, 1, 1)


def people():
    """All 30 names, as the package orders them."""
    import simglucose.controller.basal_bolus_ctrller as tables
    return list(pd.read_csv(tables.CONTROL_QUEST).Name)


def controller(kind):
    # The gains are those of simglucose's own example, run_pid_controller.py.
    return BBController() if kind == "bb" else PIDController(P=0.001, I=0.00001, D=0.001, target=140)


class Recorded(T1DPatient):
    """A patient who writes down every minute: what went in, and what glucose under the skin was after it."""

    def reset(self):
        super().reset()
        self.minutes = []

    def step(self, action):
        super().step(action)
        self.minutes.append((float(action.CHO), float(action.insulin), float(self.observation.Gsub)))


def day(name, seed, treatment, hours=24):
    """One closed-loop simulation. Gives minutes, the table of 3-minute steps, and CPU seconds."""
    patient = Recorded.withName(name)
    env = T1DSimEnv(patient, CGMSensor.withName("Dexcom", seed=seed), InsulinPump.withName("Insulet"),
                    RandomScenario(start_time=MIDNIGHT, seed=seed))
    simulation = SimObj(env, treatment, timedelta(hours=hours), animate=False)
    began = time.process_time()
    simulation.simulate()
    return patient.minutes, simulation.results(), time.process_time() - began


def open_loop(name, meals, insulin, minutes=1440):
    """A day without a controller: `meals` by minute in g, `insulin` by minute in U/min; basal else."""
    patient = Recorded.withName(name)
    basal = patient._params.u2ss * patient._params.BW / 6000
    for minute in range(minutes):
        patient.step(Action(CHO=meals.get(minute, 0), insulin=basal + insulin.get(minute, 0)))
    return patient.minutes


EDGES = {
    "overdose": ("adult#001", {}, {60: 15.0, 61: 15.0}),
    "overdose-then-food": ("child#003", {90: 30, 400: 60}, {60: 5.0}),
    "snacks": ("adolescent#002", {60: 1, 62: 200, 300: 0.1, 310: 3, 311: 3, 700: 12, 703: 2, 1000: 400}, {}),
}


def main():
    print("# made by bench/mirror.d/simglucose_day.py with simglucose 0.2.11: kind, person, seed, then mg/dL every 15 minutes")
    for number, name in enumerate(people(), 1):
        for kind in ["bb"] + ["pid"] * (name in ("adult#002", "child#001")):
            minutes, table, _ = day(name, number, controller(kind))
            glucose, cgm = table.BG.values[::5], table.CGM.values[::5]
            for what, row in (("glucose", glucose), ("cgm", cgm)):
                if what == "glucose" or number % 10 == 1 or kind == "pid":
                    print(f"{kind}-{what},{name},{number}," + ",".join(f"{x:.3f}" for x in row), flush=True)
    for kind, (name, meals, insulin) in EDGES.items():
        glucose = [minute[2] for minute in open_loop(name, meals, insulin)][14::15]
        print(f"{kind},{name},0," + ",".join(f"{x:.3f}" for x in glucose), flush=True)


if __name__ == "__main__":
    main()
