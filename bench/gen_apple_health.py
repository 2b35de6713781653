#!/usr/bin/env python3
"""Writes an Apple Health export.xml of any length whose rhythm is real.

Origin: the project's shared tools, unchanged but for where the real minutes lie.
Days are drawn from the real minute-by-minute heart rate and steps of the person in ../demo (CC0), so daily rhythm, exercise and gaps look as they do in life; everything else follows the structure
of a real export (DTD header, Me, Record with device and MetadataEntry, HRV with beats, sleep stages,
workouts with events and statistics, ActivitySummary). Deterministic for a seed.

    gen_apple_health.py OUT.xml --days 365 --seed 1      about 1.1 MB and 2,800 records a day
"""
import argparse, csv, glob, os, random
from collections import defaultdict
from datetime import datetime, timedelta
from xml.sax.saxutils import quoteattr

HERE = os.path.dirname(os.path.abspath(__file__))
DTD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE HealthData [
<!-- HealthKit Export Version: 14 -->
<!ELEMENT HealthData (ExportDate,Me,(Record|Correlation|Workout|ActivitySummary|ClinicalRecord|Audiogram|VisionPrescription)*)>
<!ATTLIST HealthData locale CDATA #REQUIRED>
<!ELEMENT ExportDate EMPTY>
<!ATTLIST ExportDate value CDATA #REQUIRED>
<!ELEMENT Me EMPTY>
<!ELEMENT Record ((MetadataEntry|HeartRateVariabilityMetadataList)*)>
<!ATTLIST Record type CDATA #REQUIRED unit CDATA #IMPLIED value CDATA #IMPLIED sourceName CDATA #REQUIRED sourceVersion CDATA #IMPLIED device CDATA #IMPLIED creationDate CDATA #IMPLIED startDate CDATA #REQUIRED endDate CDATA #REQUIRED>
]>
"""
WATCH = '<<HKDevice: 0x30123{:04x}0>, name:Apple Watch, manufacturer:Apple Inc., model:Watch, hardware:Watch6,2, software:{}>'


def real_days():
    days = []
    for path in sorted(glob.glob(os.path.join(HERE, "../demo/*heartrate_minutes.csv"))):
        who = os.path.basename(path).split("_")[0]
        steps = {}
        with open(os.path.join(os.path.dirname(path), f"{who}_minuteStepsNarrow.csv")) as f:
            for row in csv.DictReader(f):
                steps[row["ActivityMinute"]] = int(row["Steps"])
        per_day = defaultdict(list)
        with open(path) as f:
            for row in csv.DictReader(f):
                t = datetime.strptime(row["Time"], "%m/%d/%Y %I:%M:%S %p")
                per_day[t.date()].append((t.hour * 60 + t.minute, int(row["Value"]), steps.get(row["Time"], 0)))
        days += [sorted(d) for d in per_day.values() if len(d) > 600]
    return days


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("out"); ap.add_argument("--days", type=int, default=365); ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--start", default="2019-01-01"); a = ap.parse_args()
    rnd, days = random.Random(a.seed), real_days()
    start = datetime.fromisoformat(a.start)
    n = 0
    with open(a.out, "w", encoding="utf-8", newline="\n") as o:
        w = o.write
        w(DTD + '<HealthData locale="en_GB">\n')
        w(f' <ExportDate value="{(start + timedelta(days=a.days)):%Y-%m-%d} 21:34:30 +0100"/>\n')
        w(' <Me HKCharacteristicTypeIdentifierDateOfBirth="1984-02-29" HKCharacteristicTypeIdentifierBiologicalSex="HKBiologicalSexFemale" HKCharacteristicTypeIdentifierBloodType="HKBloodTypeNotSet" HKCharacteristicTypeIdentifierFitzpatrickSkinType="HKFitzpatrickSkinTypeNotSet" HKCharacteristicTypeIdentifierCardioFitnessMedicationsUse="None"/>\n')

        def rec(kind, unit, value, s, e, source="Zoë’s Apple\u00a0Watch", version="10.3", device=True, meta=""):
            nonlocal n
            n += 1
            tz = "+0200" if 3 < s.month < 11 else "+0100"
            dev = f" device={quoteattr(WATCH.format(rnd.randrange(65536), version))}" if device else ""
            u = f' unit="{unit}"' if unit else ""
            head = (f' <Record type="{kind}" sourceName={quoteattr(source)} sourceVersion="{version}"{dev}{u}'
                    f' creationDate="{e + timedelta(seconds=rnd.randrange(1, 300)):%Y-%m-%d %H:%M:%S} {tz}" startDate="{s:%Y-%m-%d %H:%M:%S} {tz}" endDate="{e:%Y-%m-%d %H:%M:%S} {tz}" value="{value}"')
            w(head + (f">\n{meta} </Record>\n" if meta else "/>\n"))

        Q = "HKQuantityTypeIdentifier"
        for d in range(a.days):
            day = start + timedelta(days=d)
            rows = rnd.choice(days); drift = rnd.gauss(0, 2)
            energy = 0.0
            for minute, hr, steps in rows:
                t = day + timedelta(minutes=minute)
                v = max(38, round(hr + drift))
                ctx = 1 if steps == 0 else 2
                rec(Q + "HeartRate", "count/min", v, t + timedelta(seconds=rnd.randrange(60)), t + timedelta(seconds=59),
                    meta=f'  <MetadataEntry key="HKMetadataKeyHeartRateMotionContext" value="{ctx}"/>\n' if minute % 5 == 0 else "")
                if steps:
                    rec(Q + "StepCount", "count", steps, t, t + timedelta(seconds=60), source="Zoë’s iPhone" if rnd.random() < .3 else "Zoë’s Apple\u00a0Watch")
                    rec(Q + "DistanceWalkingRunning", "km", round(steps * .00072, 6), t, t + timedelta(seconds=60))
                e = round(.02 + max(0, v - 60) * .02 + steps * .035, 3); energy += e
                if e > .3: rec(Q + "ActiveEnergyBurned", "kcal", e, t, t + timedelta(seconds=60))
                rec(Q + "BasalEnergyBurned", "kcal", round(1.02 + rnd.random() * .03, 3), t, t + timedelta(seconds=60))
            lows = sorted(h for _, h, _ in rows)
            rec(Q + "RestingHeartRate", "count/min", lows[len(lows) // 20], day, day + timedelta(hours=23))
            for k in range(5):
                t = day + timedelta(hours=2 + k * 4, minutes=rnd.randrange(50))
                beats = "".join(f'   <InstantaneousBeatsPerMinute bpm="{rnd.randrange(50, 75)}" time="{t.hour}:{t.minute:02d}:{i % 60:02d},{rnd.randrange(100):02d}"/>\n' for i in range(48))
                rec(Q + "HeartRateVariabilitySDNN", "ms", round(max(8, rnd.gauss(52, 18)), 4), t, t + timedelta(seconds=60), meta="  <HeartRateVariabilityMetadataList>\n" + beats + "  </HeartRateVariabilityMetadataList>\n")
            t = day + timedelta(minutes=rnd.randrange(15))
            end = day + timedelta(hours=7, minutes=rnd.randrange(60))
            while t < end:
                stage = rnd.choices(["AsleepCore", "AsleepDeep", "AsleepREM", "Awake"], [55, 18, 22, 5])[0]
                e = min(end, t + timedelta(minutes=rnd.randrange(3, 45)))
                rec("HKCategoryTypeIdentifierSleepAnalysis", None, "HKCategoryValueSleepAnalysis" + stage, t, e, meta='  <MetadataEntry key="HKTimeZone" value="Europe/Zurich"/>\n')
                t = e
            if d % 3 == 0: rec(Q + "BodyMass", "kg", round(68 + rnd.gauss(0, .5), 1), day + timedelta(hours=7, minutes=30), day + timedelta(hours=7, minutes=30), source="Withings", version="5.9", device=False, meta='  <MetadataEntry key="HKWasUserEntered" value="0"/>\n')
            if d % 2 == 0:
                s = day + timedelta(hours=18); e = s + timedelta(minutes=32)
                w(f' <Workout workoutActivityType="HKWorkoutActivityTypeRunning" duration="32.1" durationUnit="min" sourceName="Zoë’s Apple\u00a0Watch" sourceVersion="10.3" creationDate="{e:%Y-%m-%d %H:%M:%S} +0100" startDate="{s:%Y-%m-%d %H:%M:%S} +0100" endDate="{e:%Y-%m-%d %H:%M:%S} +0100">\n  <MetadataEntry key="HKIndoorWorkout" value="0"/>\n  <WorkoutEvent type="HKWorkoutEventTypeSegment" date="{s:%Y-%m-%d %H:%M:%S} +0100" duration="6.2" durationUnit="min"/>\n  <WorkoutStatistics type="{Q}ActiveEnergyBurned" startDate="{s:%Y-%m-%d %H:%M:%S} +0100" endDate="{e:%Y-%m-%d %H:%M:%S} +0100" sum="{rnd.randrange(250, 420)}.4" unit="kcal"/>\n </Workout>\n')
            w(f' <ActivitySummary dateComponents="{day:%Y-%m-%d}" activeEnergyBurned="{energy:.3f}" activeEnergyBurnedGoal="500" activeEnergyBurnedUnit="kcal" appleMoveTime="0" appleMoveTimeGoal="0" appleExerciseTime="{rnd.randrange(10, 90)}" appleExerciseTimeGoal="30" appleStandHours="{rnd.randrange(6, 15)}" appleStandHoursGoal="12"/>\n')
        w("</HealthData>\n")
    print(f"{a.out}: {os.path.getsize(a.out) / 1e6:.1f} MB, {n} records")


if __name__ == "__main__":
    main()
