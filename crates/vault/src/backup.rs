//! Copies elsewhere: a folder, or a bucket of an S3-compatible store.
//!
//! Objects are immutable and named by the digest of their bytes, so copying is putting what is not there yet, in the
//! order of the journal; interrupted, it is simply run again. All that the place sees is sealed bytes of some lengths.
//!
//! ```text
//! objects/ab/ab12…      the sealed bytes of an object or commit, by its id
//! commits/000000000042  the id of the frame of commit 42, so that a restore knows where to begin
//! ```

use crate::error::{Damage, VaultError};
use crate::repair::Copies;
use crate::vault::Vault;
use didymos_base::Digest;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt};
use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

/// Transfers under way at once: enough to fill a line whose round trip is long.
const AT_ONCE: usize = 16;

/// Why a place did not do its part.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The target's text or options make no sense.
    #[error("{target}: {why}")]
    BadTarget {
        /// As given.
        target: String,
        /// What is wrong with it, and what would be right.
        why: String,
    },
    /// The place refused or did not answer.
    #[error("{target}: {error}. Check that the place exists and may be written to, then run the same command again")]
    Store {
        /// As given.
        target: String,
        /// Its answer.
        error: object_store::Error,
    },
    /// The vault itself.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Somebody asked to stop.
    #[error("stopped; what was copied stays, and the same command goes on from there")]
    Stopped,
}

/// How a place stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Objects there that the journal names.
    pub objects: u64,
    /// Objects copied just now.
    pub copied: u64,
    /// Bytes copied just now.
    pub bytes: u64,
    /// Objects that should be there and are not, or not as they should be.
    pub missing: Vec<Digest>,
    /// Objects committed since the last copying: not there yet.
    pub behind: u64,
}

/// A place that keeps a copy.
pub struct Place {
    target: String,
    store: Arc<dyn ObjectStore>,
    prefix: Key,
    runtime: tokio::runtime::Runtime,
}

fn object_key(prefix: &Key, id: &Digest) -> Key {
    let name = id.to_string();
    prefix.clone().join("objects").join(&name[..2]).join(name)
}

fn commit_key(prefix: &Key, seq: u64) -> Key {
    prefix.clone().join("commits").join(format!("{seq:012}"))
}

impl Place {
    /// Connects to a folder's path or to `s3://bucket/prefix`. Options of a store are those of `object_store`
    /// (`endpoint`, `region`, `access_key_id`, `secret_access_key` …); what they leave open, `AWS_…` variables fill.
    /// A folder is made only if `create`.
    pub fn open(target: &str, options: &BTreeMap<String, String>, create: bool) -> Result<Self, BackupError> {
        let bad = |why: String| BackupError::BadTarget { target: target.to_owned(), why };
        let store_error = |error| BackupError::Store { target: target.to_owned(), error };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| bad(format!("cannot start: {error}")))?;
        let (store, prefix): (Arc<dyn ObjectStore>, Key) = if let Some(rest) = target.strip_prefix("s3://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            if bucket.is_empty() {
                return Err(bad("name a bucket: s3://bucket/prefix".to_owned()));
            }
            let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
            for (name, value) in options {
                let key = name.to_lowercase().parse().map_err(|_| bad(format!("there is no option {name:?}")))?;
                builder = builder.with_config(key, value);
            }
            // A store in one's own house has rarely a certificate; everything sent is sealed already.
            let plain = options.iter().any(|(name, value)| name.ends_with("endpoint") && value.starts_with("http://"));
            let store = builder.with_allow_http(plain).build().map_err(store_error)?;
            (Arc::new(store), Key::parse(prefix).map_err(|error| bad(error.to_string()))?)
        } else if target.contains("://") {
            return Err(bad("use a folder's path or s3://bucket/prefix".to_owned()));
        } else {
            let dir = PathBuf::from(target);
            if create {
                std::fs::create_dir_all(&dir).map_err(|error| bad(format!("cannot make the folder: {error}")))?;
            }
            if !dir.is_dir() {
                return Err(bad("there is no such folder".to_owned()));
            }
            let store = LocalFileSystem::new_with_prefix(&dir).map_err(store_error)?.with_fsync(true);
            (Arc::new(store), Key::default())
        };
        Ok(Self { target: target.to_owned(), store, prefix, runtime })
    }

    fn failed(&self) -> impl Fn(object_store::Error) -> BackupError + '_ {
        |error| BackupError::Store { target: self.target.clone(), error }
    }

    /// Ids of the objects, and numbers of the commits, that are there.
    fn inventory(&self) -> Result<(HashSet<Digest>, HashSet<u64>), BackupError> {
        let list = |under: &str| {
            let prefix = self.prefix.clone().join(under);
            let names = self.store.list(Some(&prefix)).map_ok(|meta| meta.location.filename().map(str::to_owned));
            self.runtime.block_on(names.try_collect::<Vec<_>>()).map_err(self.failed())
        };
        let objects = list("objects")?.into_iter().flatten().filter_map(|name| name.parse().ok()).collect();
        let commits = list("commits")?.into_iter().flatten().filter_map(|name| name.parse().ok()).collect();
        Ok((objects, commits))
    }

    /// Copies what is not there yet. `watch` gets objects done and in all.
    pub fn run(
        &self,
        vault: &Vault,
        mut watch: impl FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<Standing, BackupError> {
        let all = vault.frames();
        let (there, commits_there) = self.inventory()?;
        let of = all.len() as u64;
        let mut standing = Standing::default();
        let mut seq = 0;
        let mut batch: Vec<(Key, Vec<u8>)> = Vec::new();
        for (done, (kind, id, at, len)) in all.into_iter().enumerate() {
            let is_commit = kind == crate::frame::FrameKind::Commit;
            if !there.contains(&id) {
                let bytes = vault.read(at, len, &id)?;
                standing.copied += 1;
                standing.bytes += bytes.len() as u64;
                batch.push((object_key(&self.prefix, &id), bytes));
            }
            if is_commit {
                // A commit is named only once all that it lists is there.
                let named = commits_there.contains(&seq);
                self.put(std::mem::take(&mut batch))?;
                if !named {
                    self.put(vec![(commit_key(&self.prefix, seq), id.to_string().into_bytes())])?;
                }
                seq += 1;
            } else if batch.len() >= 4 * AT_ONCE {
                self.put(std::mem::take(&mut batch))?;
            }
            standing.objects += 1;
            if watch(done as u64 + 1, of).is_break() {
                return Err(BackupError::Stopped);
            }
        }
        Ok(standing)
    }

    fn put(&self, batch: Vec<(Key, Vec<u8>)>) -> Result<(), BackupError> {
        let puts = stream::iter(batch)
            .map(|(key, bytes)| async move { self.store.put(&key, bytes.into()).await.map(drop) })
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>();
        self.runtime.block_on(puts).map_err(self.failed())
    }

    async fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, object_store::Error> {
        match self.store.get(key).await {
            // A hostile or broken place must not fill the memory.
            Ok(found) if found.meta.size > crate::chunk::MAX_SEALED as u64 => Ok(None),
            Ok(found) => found.bytes().await.map(|bytes| Some(bytes.to_vec())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads back every object up to the newest commit that was copied, and compares it with its id.
    pub fn check(
        &self,
        vault: &Vault,
        mut watch: impl FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<Standing, BackupError> {
        let mut all = vault.objects();
        let copied = self.inventory()?.1.into_iter().max().map_or(0, |newest| newest as usize + 1);
        let mut commits = 0;
        let behind = all.iter().position(|(_, is_commit)| {
            let past = commits == copied;
            commits += usize::from(*is_commit);
            past
        });
        let mut standing = Standing::default();
        if let Some(behind) = behind {
            standing.behind = (all.len() - behind) as u64;
            all.truncate(behind);
        }
        let of = all.len() as u64;
        let seqs = all.iter().scan(0u64, |seq, (_, is_commit)| {
            let this = *seq;
            *seq += u64::from(*is_commit);
            Some(is_commit.then_some(this))
        });
        let wanted: Vec<_> = all.iter().map(|(id, _)| *id).zip(seqs).collect();
        for part in wanted.chunks(4 * AT_ONCE) {
            let checks = stream::iter(part.iter().copied())
                .map(|(id, seq)| async move {
                    let bytes = self.get(&object_key(&self.prefix, &id)).await?;
                    let named = match seq {
                        None => true,
                        Some(seq) => {
                            let name = self.get(&commit_key(&self.prefix, seq)).await?;
                            name.is_some_and(|name| name == id.to_string().as_bytes())
                        }
                    };
                    let holds = named && bytes.is_some_and(|bytes| Digest::of(&bytes) == id);
                    Ok::<_, object_store::Error>((id, holds))
                })
                .buffered(AT_ONCE)
                .try_collect::<Vec<_>>();
            for (id, holds) in self.runtime.block_on(checks).map_err(self.failed())? {
                if holds {
                    standing.objects += 1;
                } else {
                    standing.missing.push(id);
                }
            }
            if watch(standing.objects + standing.missing.len() as u64, of).is_break() {
                return Err(BackupError::Stopped);
            }
        }
        Ok(standing)
    }

    /// Puts again what a check found missing or spoiled.
    pub fn mend(&self, vault: &Vault, missing: &[Digest]) -> Result<u64, BackupError> {
        let mut seq = 0;
        for (id, is_commit) in vault.objects() {
            if missing.contains(&id) {
                let bytes = vault.object(&id)?.unwrap_or_default();
                self.put(vec![(object_key(&self.prefix, &id), bytes)])?;
                if is_commit {
                    self.put(vec![(commit_key(&self.prefix, seq), id.to_string().into_bytes())])?;
                }
            }
            seq += u64::from(is_commit);
        }
        Ok(missing.len() as u64)
    }

    /// Whether a twin's copy is there at all.
    pub fn holds_something(&self) -> Result<bool, BackupError> {
        Ok(!self.inventory()?.1.is_empty())
    }
}

impl Copies for Place {
    fn object(&mut self, id: &Digest) -> Option<Vec<u8>> {
        self.runtime.block_on(self.get(&object_key(&self.prefix, id))).ok().flatten()
    }

    fn commit(&mut self, seq: u64) -> Option<Digest> {
        let name = self.runtime.block_on(self.get(&commit_key(&self.prefix, seq))).ok().flatten()?;
        std::str::from_utf8(&name).ok()?.trim().parse().ok()
    }

    fn objects(&mut self, ids: &[Digest]) -> Vec<Option<Vec<u8>>> {
        let place = &*self;
        let gets = stream::iter(ids.iter().copied())
            .map(|id| async move { place.get(&object_key(&place.prefix, &id)).await.ok().flatten() })
            .buffered(AT_ONCE)
            .collect::<Vec<_>>();
        self.runtime.block_on(gets)
    }

    fn newest(&mut self) -> Option<u64> {
        self.inventory().ok()?.1.into_iter().max()
    }
}

/// Several places, asked in turn.
pub struct Places(pub Vec<Place>);

impl Copies for Places {
    fn object(&mut self, id: &Digest) -> Option<Vec<u8>> {
        self.0.iter_mut().find_map(|place| place.object(id).filter(|bytes| Digest::of(bytes) == *id))
    }

    fn commit(&mut self, seq: u64) -> Option<Digest> {
        self.0.iter_mut().find_map(|place| place.commit(seq))
    }

    fn objects(&mut self, ids: &[Digest]) -> Vec<Option<Vec<u8>>> {
        let mut found: Vec<Option<Vec<u8>>> = vec![None; ids.len()];
        for place in &mut self.0 {
            let missing: Vec<usize> = (0..ids.len()).filter(|i| found[*i].is_none()).collect();
            let asked: Vec<Digest> = missing.iter().map(|i| ids[*i]).collect();
            for (i, bytes) in missing.into_iter().zip(place.objects(&asked)) {
                found[i] = bytes.filter(|bytes| Digest::of(bytes) == ids[i]);
            }
        }
        found
    }

    fn newest(&mut self) -> Option<u64> {
        self.0.iter_mut().filter_map(Copies::newest).max()
    }
}

impl From<Damage> for BackupError {
    fn from(damage: Damage) -> Self {
        Self::Vault(VaultError::Damaged(damage))
    }
}
