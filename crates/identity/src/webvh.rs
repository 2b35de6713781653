//! The log of a `did:webvh` (version 1.0): every state of an identity on the web, each signed, each naming the one before.
//!
//! A line is `{versionId, versionTime, parameters, state, proof}`. `versionId` counts from 1 and ends with SHA-256 of the
//! line without its proof and with the identifier before in its place; the first one's predecessor is the SCID, the hash
//! of the line as it was before any of this was known. Keys are committed to one line ahead (pre-rotation), and never
//! used twice: the *n*-th line is signed by the phrase's [web key](crate::RecoveryPhrase::web_key) *n*.
//!
//! Lines that others wrote are read too, as far as one owner needs it: no witnesses and no move to another domain.

use crate::web::WebPlace;
use crate::{SigningKey, integrity, jcs};
use didymos_base::{Did, Timestamp, ZoneOffset};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// The longest log that is read, in bytes.
pub const LOG_BYTES_MAX: usize = 1 << 20;
/// The most lines that are read.
pub const LINES_MAX: usize = 256;

const METHOD: &str = "did:webvh:1.0";
/// Stands where the SCID comes while that is not known.
const PLACEHOLDER: &str = "{SCID}";
/// SHA-256 of 32 bytes, as multihash says it.
const SHA2_256: [u8; 2] = [0x12, 0x20];

/// Why lines make no log. `line` counts from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// No line, too many, or too long.
    #[error("a did:webvh log has 1 to {LINES_MAX} lines and at most 1 MiB")]
    Size,
    /// A line is not what a line is.
    #[error("line {line} of the did:webvh log: {words}")]
    Line {
        /// Which.
        line: usize,
        /// What is wrong.
        words: &'static str,
    },
    /// A new line needs the key that the one before committed to.
    #[error("the did:webvh log commits to another key: these are not the words it was begun with")]
    NotTheCommittedKey,
    /// A new line is not later than the one before.
    #[error("the last line of the did:webvh log is not in the past: wait a second, or set the clock right")]
    TooSoon,
    /// The log was closed.
    #[error("the did:webvh log is closed")]
    Deactivated,
}

/// A log of which every line was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    lines: Vec<String>,
    did: Did,
    scid: String,
    version_id: String,
    version_time: String,
    state: Value,
    update_keys: Vec<String>,
    next_hashes: Vec<String>,
    deactivated: bool,
}

fn hash(bytes: &[u8]) -> String {
    bs58::encode([&SHA2_256[..], &Sha256::digest(bytes)].concat()).into_string()
}

/// The hash of a line that has no proof.
fn hash_of(entry: &Map<String, Value>) -> Option<String> {
    Some(hash(&jcs::encode(&Value::Object(entry.clone())).ok()?))
}

fn seconds(time: Timestamp) -> String {
    Timestamp(time.0.div_euclid(1_000) * 1_000).rfc3339(ZoneOffset::UTC)
}

fn committed(keys: &[&SigningKey]) -> Value {
    keys.iter().map(|key| hash(key.did().specific_id().as_bytes())).collect::<Vec<_>>().into()
}

/// Signs an entry that has its place in the log, and makes a line of it.
fn line_of(mut entry: Map<String, Value>, key: &SigningKey, time: &str) -> String {
    integrity::seal(&mut entry, key, time);
    // The published order is the readers' business; the members' names are the standard's.
    Value::Object(entry).to_string()
}

impl Log {
    /// The first line. `state` gives the document of the DID that it is told.
    pub fn begin(
        place: &WebPlace,
        key: &SigningKey,
        next: &SigningKey,
        state: impl FnOnce(&str) -> Value,
        time: Timestamp,
    ) -> Result<Self, LogError> {
        let did = format!("did:webvh:{PLACEHOLDER}:{}", place.did().specific_id());
        let time = seconds(time);
        let entry = json!({
            "versionId": PLACEHOLDER,
            "versionTime": time,
            "parameters": {
                "method": METHOD,
                "scid": PLACEHOLDER,
                "updateKeys": [key.did().specific_id()],
                "nextKeyHashes": committed(&[next]),
                "portable": false,
            },
            "state": state(&did),
        });
        let broken = || LogError::Line { line: 1, words: "its state has no canonical form" };
        let text = jcs::encode(&entry).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(broken)?;
        let scid = hash(text.as_bytes());
        let mut entry: Map<String, Value> =
            serde_json::from_str(&text.replace(PLACEHOLDER, &scid)).map_err(|_| broken())?;
        let named = hash_of(&entry).ok_or_else(broken)?;
        entry.insert("versionId".to_owned(), format!("1-{named}").into());
        Self::read(&line_of(entry, key, &time))
    }

    /// The log with one more line.
    pub fn followed(
        &self,
        key: &SigningKey,
        next: &SigningKey,
        state: Value,
        time: Timestamp,
    ) -> Result<Self, LogError> {
        let time = seconds(time);
        if self.deactivated {
            return Err(LogError::Deactivated);
        }
        if !self.next_hashes.contains(&hash(key.did().specific_id().as_bytes())) {
            return Err(LogError::NotTheCommittedKey);
        }
        if time <= self.version_time {
            return Err(LogError::TooSoon);
        }
        let mut entry = Map::new();
        entry.insert("versionId".to_owned(), self.version_id.clone().into());
        entry.insert("versionTime".to_owned(), time.clone().into());
        let parameters = json!({ "updateKeys": [key.did().specific_id()], "nextKeyHashes": committed(&[next]) });
        entry.insert("parameters".to_owned(), parameters);
        entry.insert("state".to_owned(), state);
        let line = self.lines.len() + 1;
        let named = hash_of(&entry).ok_or(LogError::Line { line, words: "its state has no canonical form" })?;
        entry.insert("versionId".to_owned(), format!("{line}-{named}").into());
        let line = line_of(entry, key, &time);
        Self::read(&format!("{}{line}", self.text()))
    }

    /// Reads and checks every line.
    pub fn read(text: &str) -> Result<Self, LogError> {
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        if text.len() > LOG_BYTES_MAX || !(1..=LINES_MAX).contains(&lines.len()) {
            return Err(LogError::Size);
        }
        let mut log: Option<Self> = None;
        for (at, line) in lines.into_iter().enumerate() {
            log = Some(next(log, line).map_err(|words| LogError::Line { line: at + 1, words })?);
        }
        log.ok_or(LogError::Size)
    }

    /// The identifier.
    #[must_use]
    pub fn did(&self) -> &Did {
        &self.did
    }

    /// The document that counts now; none when the log is closed.
    #[must_use]
    pub fn state(&self) -> Option<&Value> {
        (!self.deactivated).then_some(&self.state)
    }

    /// How many lines there are: the number of the key that signs the next one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Never: a log has its first line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The file `did.jsonl`.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }
}

/// The list of texts that a parameter is, if it is there.
fn texts(parameters: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, &'static str> {
    let Some(value) = parameters.get(name) else { return Ok(None) };
    let all = value.as_array().and_then(|all| all.iter().map(|one| one.as_str().map(str::to_owned)).collect());
    all.map(Some).ok_or("a list of texts is expected")
}

/// The log with `line` behind what was read before.
fn next(before: Option<Log>, line: &str) -> Result<Log, &'static str> {
    let mut entry: Map<String, Value> = serde_json::from_str(line).map_err(|_| "not a JSON object")?;
    let signer = integrity::signer(&entry).map_err(|_| "its proof does not verify")?;
    entry.remove("proof");
    let text = |name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned).ok_or("a text is missing");
    let (version_id, version_time) = (text("versionId")?, text("versionTime")?);
    let parameters = entry.get("parameters").and_then(Value::as_object).cloned().ok_or("parameters are missing")?;
    let state = entry.get("state").cloned().ok_or("the state is missing")?;
    if entry.len() != 4 {
        return Err("it says more than a line does");
    }
    known_parameters(&parameters)?;
    let method = parameters.get("method").map(|method| method == METHOD);
    let scid = parameters.get("scid").and_then(Value::as_str);
    let (count, predecessor, scid) = match &before {
        None => {
            let scid = scid.filter(|_| method == Some(true)).ok_or("method did:webvh:1.0 and SCID are missing")?;
            if scid_of(&entry, scid).as_deref() != Some(scid) {
                return Err("the SCID is not the hash of the line");
            }
            (1, scid, scid.to_owned())
        }
        Some(_) if scid.is_some() || method == Some(false) => return Err("it changes SCID or method"),
        Some(log) if log.deactivated => return Err("it comes after the log was closed"),
        Some(log) if version_time <= log.version_time => return Err("it is not later than the one before"),
        Some(log) => (log.lines.len() + 1, log.version_id.as_str(), log.scid.clone()),
    };
    entry.insert("versionId".to_owned(), predecessor.into());
    if hash_of(&entry).is_none_or(|hash| version_id != format!("{count}-{hash}")) {
        return Err("its number or hash does not follow the one before");
    }
    let did: Did =
        state.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok()).ok_or("the state has no id")?;
    let belongs = did.method() == "webvh"
        && did.specific_id().split(':').next() == Some(&scid)
        && before.as_ref().is_none_or(|log| log.did == did);
    if !belongs {
        return Err("the state is of another DID");
    }
    let (keys, hashes) = (texts(&parameters, "updateKeys")?, texts(&parameters, "nextKeyHashes")?);
    let ahead = before.as_ref().is_some_and(|log| !log.next_hashes.is_empty());
    let active = match (&before, &keys) {
        (None, None) => return Err("updateKeys are missing"),
        (_, Some(keys)) if before.is_none() || ahead => keys.clone(),
        (Some(log), _) if !ahead => log.update_keys.clone(),
        _ => return Err("updateKeys are missing though keys were committed to"),
    };
    if let Some(log) = before.as_ref().filter(|_| ahead) {
        let foretold = |key: &String| log.next_hashes.contains(&hash(key.as_bytes()));
        if hashes.is_none() || !active.iter().all(foretold) {
            return Err("its keys are not those that were committed to");
        }
    }
    if !active.iter().any(|key| key == signer.specific_id()) {
        return Err("whoever signed it may not");
    }
    let (lines, old_keys, old_hashes) =
        before.map(|log| (log.lines, log.update_keys, log.next_hashes)).unwrap_or_default();
    Ok(Log {
        lines: [lines, vec![line.to_owned()]].concat(),
        did,
        scid,
        version_id,
        version_time,
        state,
        update_keys: keys.unwrap_or(old_keys),
        next_hashes: hashes.unwrap_or(old_hashes),
        deactivated: parameters.get("deactivated") == Some(&Value::Bool(true)),
    })
}

/// Whether every parameter is one that is understood here.
fn known_parameters(parameters: &Map<String, Value>) -> Result<(), &'static str> {
    for (name, value) in parameters {
        let understood = match name.as_str() {
            "method" | "scid" | "updateKeys" | "nextKeyHashes" | "watchers" => true,
            "deactivated" | "portable" => value.is_boolean(),
            "ttl" => value.is_u64(),
            "witness" => value.as_object().is_some_and(Map::is_empty),
            _ => false,
        };
        if !understood {
            return Err("it has parameters that are not understood here, witnesses for example");
        }
    }
    Ok(())
}

/// What the SCID of a first line has to be.
fn scid_of(entry: &Map<String, Value>, said: &str) -> Option<String> {
    let mut entry = entry.clone();
    entry.insert("versionId".to_owned(), PLACEHOLDER.into());
    if said.is_empty() {
        return None;
    }
    let text = Value::Object(entry).to_string().replace(said, PLACEHOLDER);
    Some(hash(&jcs::encode(&serde_json::from_str(&text).ok()?).ok()?))
}
