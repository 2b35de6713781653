//! What can go wrong with a vault, in words that name the file, the place and the next step.

use didymos_base::Digest;
use std::io;
use std::path::{Path, PathBuf};

/// Bytes that are not what they were when they were written. The caller knows which ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Damaged(pub &'static str);

/// A damaged place in the data directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is damaged at byte {at}: {what}", file.display())]
pub struct Damage {
    /// The file, relative to the data directory.
    pub file: PathBuf,
    /// Where in it.
    pub at: u64,
    /// The object that lies there, where known.
    pub object: Option<Digest>,
    /// What does not hold.
    pub what: String,
}

/// Why the vault did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// There is no vault here.
    #[error("there is no twin in {}: make one with `twin init`, or name another folder with --home", .0.display())]
    Missing(PathBuf),
    /// There is a vault here already.
    #[error("{} already holds a twin: name another folder with --home", .0.display())]
    Exists(PathBuf),
    /// Another process has it open.
    #[error("another process is using the twin in {}: wait for it to finish, or stop it", .0.display())]
    Busy(PathBuf),
    /// The operating system refused.
    #[error("{} {}: {error}{}", doing, file.display(), hint(error))]
    Io {
        /// What was being done, for example `cannot write`.
        doing: &'static str,
        /// The file.
        file: PathBuf,
        /// The operating system's answer.
        error: io::Error,
    },
    /// What is stored is not what was written.
    #[error("{0}. Nothing was changed. `twin verify` lists all damage; with a backup attached, `twin repair` heals it")]
    Damaged(Damage),
    /// The key opens nothing here.
    #[error("this recovery phrase or key belongs to another twin")]
    WrongKey,
    /// No such stream.
    #[error("there is no stream of that name: `twin streams` lists what there is")]
    NoStream,
    /// No such observation.
    #[error("there is no observation at that time")]
    NoObservation,
    /// A write failed before, so what the disk holds is not certain any more.
    #[error("an earlier write failed: close the twin and open it again")]
    Poisoned,
    /// The device is not, or no longer, one that the owner certified.
    #[error("this device may not write: the owner's identity document does not list it. Restore from a copy to add it")]
    NoSigner,
    /// Somebody asked to stop.
    #[error("stopped; nothing that was there before is changed, and the same command begins again")]
    Stopped,
    /// Two machines have written to one journal.
    #[error(
        "the journals of the two devices differ from commit {seq} on: both have written to it. Nothing was changed. \
         Keep the one that you go on with, and take the other device away with `twin device revoke`"
    )]
    Forked {
        /// The first commit that is not the same.
        seq: u64,
    },
    /// What comes from another device does not hold.
    #[error("what the other device sends is not the owner's journal: {0}. What came before it is kept")]
    Incoming(Damage),
    /// A commit would be too large.
    #[error("too much at once: {0}")]
    TooMuch(&'static str),
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            ". The disk is full: free some space and run the same command again; everything acknowledged before is kept"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            ". The disk is read-only: every act leaves a receipt, so a twin needs to write; make it writable or copy the folder"
        }
        io::ErrorKind::PermissionDenied => ". Check who owns the folder and whether you may write to it",
        _ => "",
    }
}

impl VaultError {
    pub(crate) fn io(doing: &'static str, file: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io { doing, file: file.to_owned(), error }
    }
}
