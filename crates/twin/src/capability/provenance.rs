//! Where one observation comes from, and the proof of it.

use crate::Twin;
use crate::capability::timeline::{code, edge, source_of};
use crate::door::{Failure, FailureCode};
use crate::peers::witnesses;
use crate::request::Which;
use crate::response::{CommitInfo, FileInfo, ProofAnswer, Provenance};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::{Kind, Observation, Value, ZoneOffset, canonical};
use didymos_vault::timeline::Found;
use didymos_vault::{CommitRef, ObjectKind, PartId, PartRecord, proof};

pub(crate) fn commit_info(commit: &CommitRef) -> CommitInfo {
    CommitInfo {
        seq: commit.seq,
        digest: commit.digest,
        time: commit.time.rfc3339(ZoneOffset::UTC),
        device: commit.device.clone(),
    }
}

pub(crate) fn file_info(record: &PartRecord) -> FileInfo {
    FileInfo {
        name: record.name.clone(),
        format: record.format.clone(),
        bytes: record.whole.map(|(bytes, _)| bytes),
        digest: record.whole.map(|(_, digest)| digest),
    }
}

/// The newest record of a part.
fn part(twin: &Twin, id: &PartId) -> Result<Option<PartRecord>, Failure> {
    let mut newest = None;
    twin.vault.records_of(ObjectKind::Parts, |_, records| {
        let mut parts = records.iter().rev().filter_map(|bytes| canonical::decode::<PartRecord>(bytes).ok());
        newest = parts.find(|part| part.id == *id);
        newest.is_none()
    })?;
    Ok(newest)
}

pub(crate) fn show(twin: &Twin, which: &Which) -> Result<Provenance, Failure> {
    twin.vault.nearest(&which.stream, edge(which.time), |found, same_time| provenance(twin, found, same_time))?
}

fn provenance(twin: &Twin, found: Found<'_>, same_time: u32) -> Result<Provenance, Failure> {
    let Found { at, chunk, index } = found;
    let stream = &chunk.back.stream;
    let record = part(twin, &chunk.back.parts[chunk.back.part[index] as usize])?.ok_or_else(|| {
        Failure::new(FailureCode::Damaged, "the file that this observation came from is not in the journal")
    })?;
    let commit = twin.vault.index().commits.get(at.commit as usize).map(commit_info);
    let commit = commit.ok_or_else(|| Failure::new(FailureCode::Damaged, "the commit is not in the journal"))?;
    // The same steps that a stranger's check takes, over the bytes that lie on disk now.
    let verified =
        proof::check(&twin.vault.prove_found(found)?.encode()).is_ok_and(|checked| twin.vault.knows(&checked));
    Ok(Provenance {
        observation: Observation {
            stream: stream.id.clone(),
            start: found.start(),
            end: found.end(),
            zone_minutes: found.zone().minutes(),
            value: chunk.front.value(stream.kind, index),
            unit: stream.unit.clone(),
            source: source_of(&found),
        },
        time: found.start().rfc3339(found.zone()),
        end: found.end().rfc3339(found.zone()),
        code: code(stream.id.as_str()),
        file: file_info(&record),
        position: chunk.back.at[index] as u64,
        imported: record.time.rfc3339(ZoneOffset::UTC),
        commit,
        object: at.id,
        index: index as u32,
        of: at.count,
        verified,
        same_time,
    })
}

pub(crate) fn prove(twin: &Twin, which: &Which, witnessed: bool) -> Result<ProofAnswer, Failure> {
    let mut proof = twin.vault.prove(&which.stream, edge(which.time))?;
    if witnessed {
        proof = twin.vault.with_witnesses(proof, witnesses::cosignatures(twin)?);
        if proof.witnessed.is_none() {
            let words =
                "no witness has seen the commit of this observation yet: `twin witness` lists who has seen what";
            return Err(Failure::new(FailureCode::NotFound, words));
        }
    }
    let bytes = proof.encode();
    let checked = proof::check(&bytes)
        .map_err(|error| Failure::new(FailureCode::Damaged, format!("{error}: run `twin verify`")))?;
    let observation = &checked.observation;
    let zone = observation.zone_minutes.and_then(ZoneOffset::from_minutes).unwrap_or(ZoneOffset::UNKNOWN);
    let unit = if checked.kind.is_number() || checked.kind == Kind::Position { &observation.unit } else { "" };
    let value = match &observation.value {
        Value::Number(number) => number.to_string(),
        Value::Position { lat, lon } => format!("{lat}, {lon}"),
        Value::Category(text) | Value::Text(text) | Value::Event(text) => text.to_string(),
    };
    let says = format!(
        "{} was {} {unit}{}at {}, from {}; in commit {} of {}",
        observation.stream,
        value,
        if unit.is_empty() { "" } else { " " },
        observation.start.rfc3339(zone),
        observation.source.summary(),
        checked.commit.seq,
        checked.owner,
    );
    Ok(ProofAnswer { bytes: bytes.len() as u64, proof: URL_SAFE_NO_PAD.encode(bytes), says })
}
