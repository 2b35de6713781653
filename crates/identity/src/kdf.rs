//! From a passphrase to a key: Argon2id (RFC 9106).

use crate::{Secret32, UnlockError};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use zeroize::{Zeroize, Zeroizing};

/// What one guess at the passphrase costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KdfCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes that could run beside each other.
    pub lanes: u32,
}

impl KdfCost {
    /// 64 MiB, three passes, one lane: the second recommendation of RFC 9106 §4 with the one lane that we compute.
    pub const STANDARD: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
    /// The most that a key file may ask of this machine, so that a hostile one cannot exhaust it.
    pub const MAX: Self = Self { memory_kib: 1024 * 1024, passes: 16, lanes: 16 };

    /// A cost that protects nothing, for tests that make many key files.
    #[must_use]
    pub const fn for_tests() -> Self {
        Self { memory_kib: 8, passes: 1, lanes: 1 }
    }

    /// Whether Argon2 knows this cost and this machine may be asked to pay it.
    #[must_use]
    pub const fn is_acceptable(self) -> bool {
        self.lanes >= 1
            && self.lanes <= Self::MAX.lanes
            && self.passes >= 1
            && self.passes <= Self::MAX.passes
            && self.memory_kib >= 8 * self.lanes
            && self.memory_kib <= Self::MAX.memory_kib
    }
}

/// The key that a passphrase and a salt give at this cost. The memory that Argon2 worked in is wiped.
///
/// The passphrase is brought to Unicode form NFKD first (as BIP-39 does): keyboards and systems differ in how they
/// compose "é".
pub(crate) fn key_of(passphrase: &str, salt: &[u8; 16], cost: KdfCost) -> Result<Secret32, UnlockError> {
    if !cost.is_acceptable() {
        return Err(UnlockError::KdfTooCostly { memory_kib: cost.memory_kib, passes: cost.passes, lanes: cost.lanes });
    }
    let too_costly = |_| UnlockError::OutOfMemory { memory_kib: cost.memory_kib };
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(too_costly)?;
    let mut blocks = Vec::new();
    blocks
        .try_reserve_exact(params.block_count())
        .map_err(|_| UnlockError::OutOfMemory { memory_kib: cost.memory_kib })?;
    blocks.resize(params.block_count(), Block::new());
    let mut blocks = Zeroizing::new(blocks);

    let mut text = Cow::Borrowed(passphrase);
    bip39::Mnemonic::normalize_utf8_cow(&mut text);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut hashed = Ok(());
    let key = Secret32::build(|place| {
        hashed = argon2.hash_password_into_with_memory(text.as_bytes(), salt, place, blocks.as_mut_slice());
    });
    if let Cow::Owned(mut copy) = text {
        copy.zeroize();
    }
    hashed.map_err(too_costly)?;
    Ok(key)
}
