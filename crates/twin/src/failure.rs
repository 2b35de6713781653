//! How the failures of the crates below look at the door.

use crate::door::{Failure, FailureCode};
use didymos_intake::IntakeError;
use didymos_vault::VaultError;
use didymos_vault::backup::BackupError;

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        let code = match &error {
            VaultError::Missing(_) | VaultError::NoStream | VaultError::NoObservation => FailureCode::NotFound,
            VaultError::Exists(_) | VaultError::TooMuch(_) => FailureCode::Invalid,
            VaultError::Stopped => FailureCode::Stopped,
            VaultError::Busy(_) => FailureCode::Busy,
            VaultError::Io { .. } | VaultError::Poisoned => FailureCode::Io,
            VaultError::Damaged(_) => FailureCode::Damaged,
            VaultError::Forked { .. } => FailureCode::Invalid,
            VaultError::Incoming(_) => FailureCode::Io,
            VaultError::WrongKey | VaultError::NoSigner => FailureCode::Denied,
        };
        Self::new(code, error.to_string())
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Vault(error) => error.into(),
            BackupError::BadTarget { .. } => Self::new(FailureCode::Invalid, error.to_string()),
            BackupError::Store { .. } => Self::new(FailureCode::Io, error.to_string()),
            BackupError::Stopped => Self::new(FailureCode::Stopped, error.to_string()),
        }
    }
}

impl From<IntakeError> for Failure {
    fn from(error: IntakeError) -> Self {
        let code = match &error {
            IntakeError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => FailureCode::NotFound,
            IntakeError::Io { .. } => FailureCode::Io,
            _ => FailureCode::Invalid,
        };
        Self::new(code, error.to_string())
    }
}
