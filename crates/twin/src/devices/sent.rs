//! Files that lie on a replica and are imported by the writer: they cross as they are, and are imported in their turn.

use super::invalid;
use crate::capability::import;
use crate::door::{Failure, FailureCode};
use crate::home::io_failure;
use crate::keeper::job_id;
use crate::payload::{Payload, Sent, broken};
use crate::peers::online;
use crate::request::{Import, ImportSent, UploadWhich};
use crate::response::{ImportReport, ImportedFile};
use crate::{Door as _, Request, Twin, unwatched};
use didymos_base::{Digest, hex};
use didymos_consent::Principal;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::time::Duration;

/// The largest file that is sent, in bytes.
const FILE_BYTES_MAX: u64 = 32 << 30;
const STEP: usize = 1 << 20;
/// How long to wait when something else is being imported.
const PATIENCE: Duration = Duration::from_millis(200);

/// Sends files of this machine to the writer.
pub(crate) fn import(twin: &Twin, asked: &Import) -> Result<ImportReport, Failure> {
    if asked.csv.is_some() {
        return Err(invalid(
            "a table whose columns you name is imported on the device that writes: `twin device list`",
        ));
    }
    let mut report = ImportReport::default();
    for path in import::files_of(asked)? {
        let open = || File::open(&path).map_err(|error| io_failure("read", &path, &error));
        let name =
            path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        send(twin, &name, asked.zone.as_deref(), &mut open()?, &mut open()?)?;
        report.files.push(shown(name));
    }
    Ok(report)
}

/// Sends an upload that waits here.
pub(crate) fn upload(twin: &Twin, which: &UploadWhich) -> Result<ImportReport, Failure> {
    let id = job_id(&which.job)?;
    let job = twin.jobs().get(&id).ok_or_else(crate::jobs::no_job)?;
    let (mut first, mut again) = (twin.jobs().reader(&id)?, twin.jobs().reader(&id)?);
    send(twin, &job.record.name, job.record.zone.as_deref(), &mut first, &mut again)?;
    twin.jobs().forget(&id)?;
    Ok(ImportReport { files: vec![shown(job.record.name)], ..ImportReport::default() })
}

fn shown(path: String) -> ImportedFile {
    let notes = BTreeMap::from([("sent to the device that writes, which imports it in its turn".to_owned(), 1)]);
    ImportedFile { path, format: "sent".to_owned(), notes, ..ImportedFile::default() }
}

/// Reads the file once for its digest and once to send it.
fn send(
    twin: &Twin,
    name: &str,
    zone: Option<&str>,
    first: &mut dyn Read,
    again: &mut dyn Read,
) -> Result<(), Failure> {
    let (mut hasher, mut bytes, mut part) = (blake3::Hasher::new(), 0, vec![0; STEP]);
    loop {
        match first.read(&mut part).map_err(|error| broken(&error))? {
            0 => break,
            n => {
                hasher.update(&part[..n]);
                bytes += n as u64;
            }
        }
    }
    let sent = Sent { bytes, digest: Some(Digest::from(hasher.finalize())) };
    let asked = ImportSent { name: name.to_owned(), zone: zone.map(str::to_owned), sent };
    online::ask_with(twin, twin.did(), &Request::ImportSent(asked), Some(again))?;
    Ok(())
}

/// Takes a file in that another device of the owner's sends, and imports it as soon as it can.
pub(crate) fn take(
    twin: &Twin,
    principal: &Principal,
    asked: &ImportSent,
    payload: &mut Payload<'_>,
) -> Result<(), Failure> {
    if asked.sent.bytes > FILE_BYTES_MAX || asked.sent.digest.is_none() {
        return Err(invalid("a file of at most 32 GiB, with its digest"));
    }
    let mut upload = twin.jobs().begin(&asked.name, None, asked.zone.as_deref(), None)?;
    let from = payload.upload()?;
    let mut part = vec![0; STEP];
    loop {
        match from.read(&mut part).map_err(|error| broken(&error))? {
            0 => break,
            n => upload.write(&part[..n])?,
        }
    }
    // From here on it waits, also through a crash; whoever imports uploads takes it up too.
    let job = hex::encode(&twin.jobs().received(upload, twin.now())?);
    let (me, principal) = (twin.peers.online.me(), principal.clone());
    let begun = std::thread::Builder::new().name("twin-sent".into()).spawn(move || {
        // Imports go one at a time.
        while let Some(twin) =
            me.as_ref().and_then(std::sync::Weak::upgrade).filter(|twin| !twin.peers.online.is_ending())
        {
            let request = Request::ImportUpload(UploadWhich { job: job.clone() });
            match twin.ask(&principal, request, &mut unwatched) {
                Err(failure) if failure.code == FailureCode::Busy => std::thread::sleep(PATIENCE),
                _ => return,
            }
        }
    });
    begun.map(drop).map_err(|error| Failure::new(FailureCode::Io, error.to_string()))
}
