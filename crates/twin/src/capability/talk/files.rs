//! Files in messages: sealed under a key of their own, in pieces that any member may hand on.
//!
//! A message names the pieces by the digests of their sealed bytes, so a piece from anybody is either the right one or
//! none. Pieces lie in the journal, one object each, and are fetched one by one: what is there stays, whatever breaks
//! off. Small files are fetched by themselves, so that whoever comes later finds them at whoever is there; larger ones
//! when the owner asks, or when another member asked and this twin stands between.

use super::book::{Book, Entry, Room, unknown, with};
use super::owner::{file_of, want, which};
use crate::door::{Failure, FailureCode, Progress, Watch};
use crate::payload::{Payload, Sent, broken};
use crate::peers::online;
use crate::request::{
    FILE_BYTES_MAX, FILE_PART_BYTES_MAX, FileRead, FileSave, FileStage, FileTake, FileWhich, PieceAsked,
};
use crate::response::{FilePart, FileSaved, FileShown, FileStaged, FileState, PieceOut};
use crate::{Request, Twin};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::{Did, Digest};
use didymos_circle::File;
use didymos_circle::content::{FILE_NAME_BYTES_MAX, PIECE_BYTES};
use didymos_identity::{SealingKey, Secret32};
use didymos_vault::ObjectKind;
use std::io::{Read, Write};

/// Files up to this are fetched by themselves, as long as all that was fetched so stays below the other.
const ALONE_BYTES_MAX: u64 = 16 * 1024 * 1024;
const FETCHED_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// The longest sealed piece.
const SEALED_BYTES_MAX: u64 = PIECE_BYTES as u64 + 64;
/// So many pieces are kept in one commit.
const TOGETHER: usize = 8;
/// So many pieces are fetched before others have their turn: 4 MiB.
const AT_ONCE: usize = 16;
/// Whoever had a piece not is not asked for it again for so long.
const HAD_NOT_MS: i64 = 60_000;

fn invalid(words: impl Into<String>) -> Failure {
    Failure::new(FailureCode::Invalid, words)
}

fn aad(number: usize) -> [u8; 8] {
    (number as u64).to_be_bytes()
}

/// Keeps pieces: the bytes first, and then where they are.
fn keep(twin: &Twin, book: &mut Book, pieces: &[(Digest, Vec<u8>)]) -> Result<(), Failure> {
    let fresh: Vec<&(Digest, Vec<u8>)> = pieces.iter().filter(|(piece, _)| !book.pieces.contains_key(piece)).collect();
    if fresh.is_empty() {
        return Ok(());
    }
    let records: Vec<_> = fresh.iter().map(|(_, bytes)| (ObjectKind::Pieces, vec![bytes.clone()])).collect();
    twin.vault.commit_records(&records, twin.now())?;
    // Nobody else writes objects of this kind, and this is done by one at a time.
    let mut objects: Vec<Digest> = {
        let index = twin.vault.index();
        let mine = index.records.iter().rev().filter(|record| record.kind == ObjectKind::Pieces);
        mine.take(fresh.len()).map(|record| record.id).collect()
    };
    objects.reverse();
    let entries = fresh.iter().zip(objects).map(|((piece, _), object)| Entry::Piece { piece: *piece, object });
    book.commit(twin, entries.collect())
}

/// The sealed bytes of a piece, if they are here.
fn piece_bytes(twin: &Twin, book: &Book, piece: &Digest) -> Result<Option<Vec<u8>>, Failure> {
    let Some(object) = book.pieces.get(piece) else { return Ok(None) };
    let record = twin.vault.index().records.iter().rev().find(|record| record.id == *object).cloned();
    let Some(record) = record else { return Ok(None) };
    Ok(twin.vault.records(&record)?.into_iter().next())
}

/// Seals what `from` gives and keeps it.
fn seal(twin: &Twin, from: &mut dyn Read, name: &str, media: &str) -> Result<File, Failure> {
    let key = twin.random::<32>()?;
    let sealer = SealingKey::new(&Secret32::from_bytes(key));
    let (mut whole, mut bytes, mut pieces) = (blake3::Hasher::new(), 0u64, Vec::new());
    let mut waiting: Vec<(Digest, Vec<u8>)> = Vec::new();
    loop {
        let mut plain = Vec::with_capacity(PIECE_BYTES);
        from.take(PIECE_BYTES as u64)
            .read_to_end(&mut plain)
            .map_err(|error| Failure::new(FailureCode::Io, format!("{name}: cannot be read: {error}")))?;
        if plain.is_empty() {
            break;
        }
        bytes += plain.len() as u64;
        if bytes > FILE_BYTES_MAX {
            return Err(invalid(format!("{name}: a file in a message has at most 256 MiB")));
        }
        whole.update(&plain);
        let closed = sealer.seal(twin.random()?, &aad(pieces.len()), &plain);
        let piece = Digest::of(&closed);
        pieces.push(piece);
        waiting.push((piece, closed));
        if waiting.len() >= TOGETHER {
            with(twin, |book| keep(twin, book, &waiting))?;
            waiting.clear();
        }
    }
    with(twin, |book| keep(twin, book, &waiting))?;
    Ok(File { name: name.to_owned(), media: media.to_owned(), bytes, digest: whole.finalize().into(), key, pieces })
}

/// A name for a person and a folder: the last part, without what a folder cannot hold.
fn sound_name(name: &str) -> Result<String, Failure> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut sound: String = last.chars().filter(|c| !c.is_control()).collect();
    while sound.len() > FILE_NAME_BYTES_MAX {
        sound.pop();
    }
    if sound.is_empty() || sound == "." || sound == ".." {
        return Err(invalid("the file needs a name"));
    }
    Ok(sound)
}

/// The media type by the name's ending, for those that are shown or played; else plain bytes.
fn media_of(name: &str) -> &'static str {
    match name.rsplit('.').next().map(str::to_lowercase).as_deref() {
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("png") => "image/png",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("pdf") => "application/pdf",
        Some("txt" | "md") => "text/plain",
        Some("mp3") => "audio/mpeg",
        Some("m4a") => "audio/mp4",
        Some("mp4") => "video/mp4",
        Some("zip") => "application/zip",
        _ => "application/octet-stream",
    }
}

/// Stages a file of this machine.
pub(super) fn take_in(twin: &Twin, asked: &FileTake) -> Result<FileStaged, Failure> {
    let path = &asked.path;
    let cannot = |error: std::io::Error| Failure::new(FailureCode::NotFound, format!("{}: {error}", path.display()));
    let mut from = std::fs::File::open(path).map_err(cannot)?;
    if !from.metadata().map_err(cannot)?.is_file() {
        return Err(invalid(format!("{}: not a file", path.display())));
    }
    let name = sound_name(&path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())?;
    let media = media_of(&name);
    let file = seal(twin, &mut from, &name, media)?;
    let staged = Digest(twin.random()?).to_string()[..32].to_owned();
    let (bytes, media) = (file.bytes, media.to_owned());
    let staging = Staging { name, media, key: file.key, bytes, pieces: file.pieces, done: true, begun: Vec::new() };
    write_staging(twin, &staged, &staging)?;
    Ok(FileStaged { staged, bytes })
}

/// What is being staged lies sealed beside, under a number that only its bringer was told.
#[derive(minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
struct Staging {
    #[n(0)]
    name: String,
    #[n(1)]
    media: String,
    #[cbor(n(2), with = "minicbor::bytes")]
    key: [u8; 32],
    #[n(3)]
    bytes: u64,
    #[n(4)]
    pieces: Vec<Digest>,
    #[n(5)]
    done: bool,
    /// What has come of the next piece.
    #[cbor(n(6), with = "minicbor::bytes")]
    begun: Vec<u8>,
}

fn staging_name(staged: &str) -> Result<String, Failure> {
    if staged.len() == 32 && staged.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(format!("staged-{staged}"));
    }
    Err(invalid("no such staged file"))
}

fn staging(twin: &Twin, staged: &str) -> Result<Staging, Failure> {
    let bytes = twin.vault.read_beside(&staging_name(staged)?).map(zeroize::Zeroizing::new);
    let read = bytes.and_then(|bytes| didymos_base::canonical::decode(&bytes).ok());
    read.ok_or_else(|| Failure::new(FailureCode::NotFound, "no such staged file: begin it anew"))
}

fn write_staging(twin: &Twin, staged: &str, staging: &Staging) -> Result<(), Failure> {
    let kept = zeroize::Zeroizing::new(didymos_base::canonical::encode(staging));
    Ok(twin.vault.write_beside(&staging_name(staged)?, &kept)?)
}

/// Brings part of a file. Parts are as long as whoever brings them likes; pieces are made of them.
pub(super) fn stage(twin: &Twin, asked: &FileStage) -> Result<FileStaged, Failure> {
    let bytes = URL_SAFE_NO_PAD
        .decode(asked.bytes.trim_end_matches('='))
        .map_err(|_| invalid("the bytes are not base64url"))?;
    if bytes.len() > FILE_PART_BYTES_MAX {
        return Err(invalid("each part has at most 256 KiB"));
    }
    let (staged, mut staging) = if let Some(staged) = &asked.staged {
        (staged.clone(), staging(twin, staged)?)
    } else {
        let name = sound_name(&asked.name)?;
        let media = asked.media.clone().filter(|media| media.len() <= 100 && !media.chars().any(char::is_control));
        let media = media.unwrap_or_else(|| media_of(&name).to_owned());
        let staged = Digest(twin.random()?).to_string()[..32].to_owned();
        (
            staged,
            Staging { name, media, key: twin.random()?, bytes: 0, pieces: Vec::new(), done: false, begun: Vec::new() },
        )
    };
    staging.bytes += bytes.len() as u64;
    if staging.done || staging.bytes > FILE_BYTES_MAX {
        return Err(invalid("a file in a message has at most 256 MiB"));
    }
    staging.begun.extend_from_slice(&bytes);
    let sealer = SealingKey::new(&Secret32::from_bytes(staging.key));
    while staging.begun.len() >= PIECE_BYTES || (asked.last && !staging.begun.is_empty()) {
        let rest = staging.begun.split_off(staging.begun.len().min(PIECE_BYTES));
        let plain = zeroize::Zeroizing::new(std::mem::replace(&mut staging.begun, rest));
        let closed = sealer.seal(twin.random()?, &aad(staging.pieces.len()), &plain);
        let piece = Digest::of(&closed);
        with(twin, |book| keep(twin, book, &[(piece, closed)]))?;
        staging.pieces.push(piece);
    }
    staging.done = asked.last;
    write_staging(twin, &staged, &staging)?;
    Ok(FileStaged { staged, bytes: staging.bytes })
}

/// A file that was staged as a whole: it goes into a message.
pub(super) fn staged(twin: &Twin, staged: &str) -> Result<File, Failure> {
    let staging = staging(twin, staged)?;
    if !staging.done {
        return Err(invalid("the file has not come whole yet"));
    }
    let mut file = File {
        name: staging.name,
        media: staging.media,
        bytes: staging.bytes,
        digest: Digest([0; 32]),
        key: staging.key,
        pieces: staging.pieces,
    };
    let mut whole = blake3::Hasher::new();
    for number in 0..file.pieces.len() {
        whole.update(&with(twin, |book| open_piece(twin, book, &file, number))?.ok_or_else(unknown)?);
    }
    file.digest = whole.finalize().into();
    let _ = twin.vault.remove_beside(&staging_name(staged)?);
    Ok(file)
}

fn open_piece(twin: &Twin, book: &Book, file: &File, number: usize) -> Result<Option<Vec<u8>>, Failure> {
    let Some(piece) = file.pieces.get(number) else { return Ok(None) };
    let Some(sealed) = piece_bytes(twin, book, piece)? else { return Ok(None) };
    let opener = SealingKey::new(&Secret32::from_bytes(file.key));
    let mut plain = Vec::new();
    opener.open_into(&aad(number), &sealed, &mut plain).map_err(|_| {
        Failure::new(FailureCode::Invalid, "a piece of this file does not open: its sender sent something else")
    })?;
    Ok(Some(plain))
}

fn here(book: &Book, file: &File) -> u64 {
    let have = file.pieces.iter().filter(|piece| book.pieces.contains_key(piece)).count() as u64;
    (have * PIECE_BYTES as u64).min(file.bytes)
}

/// A file as it is shown. What is lacking is known without a look at the pieces.
pub(super) fn shown(_: &Twin, room: &Room, message: &Digest, file: &File) -> FileShown {
    let lacks = room.lacking.contains_key(message);
    let alone = file.bytes <= ALONE_BYTES_MAX || room.wanted.contains(message);
    let state = match (lacks, alone) {
        (false, _) => FileState::Here,
        (true, true) => FileState::Coming,
        (true, false) => FileState::There,
    };
    let fetched = if lacks { 0 } else { file.bytes };
    FileShown { name: file.name.clone(), media: file.media.clone(), bytes: file.bytes, state, fetched }
}

fn wanted(book: &Book, room: &Room, message: &Digest, file: &File) -> bool {
    let fetched = book.pieces.len() as u64 * PIECE_BYTES as u64;
    room.wanted.contains(message) || (file.bytes <= ALONE_BYTES_MAX && fetched < FETCHED_BYTES_MAX)
}

/// Files that are lacking, and that a contact may have.
fn lacking_of(twin: &Twin, book: &mut Book, did: &Did) -> Vec<(Digest, Digest, File)> {
    let now = twin.now();
    let ids: Vec<Digest> = book.rooms.keys().copied().collect();
    for id in ids {
        let Some(room) = book.rooms.get(&id) else { continue };
        let whole = |file: &File| file.pieces.iter().all(|piece| book.pieces.contains_key(piece));
        let done: Vec<Digest> = room.lacking.iter().filter(|(_, file)| whole(file)).map(|(id, _)| *id).collect();
        if let Some(room) = book.rooms.get_mut(&id) {
            for id in &done {
                room.lacking.remove(id);
            }
        }
    }
    let mut lacking = Vec::new();
    for (id, room) in &book.rooms {
        if !room.circle.epoch().is_some_and(|epoch| epoch.has_owner(did)) || !room.circle.owner_is_in() {
            continue;
        }
        for (message, file) in &room.lacking {
            let had_not = room.had_not.get(&(did.clone(), *message));
            let asked = had_not.is_some_and(|at| now.0.saturating_sub(at.0) < HAD_NOT_MS);
            if wanted(book, room, message, file) && !asked {
                lacking.push((*id, *message, file.clone()));
            }
        }
    }
    lacking
}

/// Whether a contact may have something of a file that is lacking.
pub(super) fn wants(twin: &Twin, book: &mut Book, did: &Did) -> bool {
    !lacking_of(twin, book, did).is_empty()
}

/// Fetches what a contact has of files that are lacking, some pieces at a time, so that messages come in between.
pub(super) fn fetch_from(twin: &Twin, did: &Did) -> Result<(), Failure> {
    let mut left = AT_ONCE;
    for (circle, message, file) in with(twin, |book| Ok(lacking_of(twin, book, did)))? {
        let missing = with(twin, |book| {
            let missing = file.pieces.iter().filter(|piece| !book.pieces.contains_key(piece));
            Ok(missing.copied().collect::<Vec<_>>())
        })?;
        let mut came = Vec::new();
        let fetched = fetch_pieces(twin, did, &circle, &missing[..missing.len().min(left)], &mut came);
        // What came before it broke off stays.
        left -= came.len();
        with(twin, |book| {
            keep(twin, book, &came)?;
            lacking_of(twin, book, did);
            let now = twin.now();
            let room = book.room(&circle)?;
            room.change += u64::from(!came.is_empty());
            if matches!(fetched, Ok(false)) {
                room.had_not.insert((did.clone(), message), now);
            }
            Ok(())
        })?;
        super::book::told_all(twin);
        fetched?;
        if !came.is_empty() {
            super::exchange::spread(twin, &circle, Some(did));
        }
        if left == 0 {
            drop(online::deliver_soon(twin, did));
            break;
        }
    }
    Ok(())
}

/// Asks a contact for pieces; false where they had one not.
fn fetch_pieces(
    twin: &Twin,
    did: &Did,
    circle: &Digest,
    missing: &[Digest],
    came: &mut Vec<(Digest, Vec<u8>)>,
) -> Result<bool, Failure> {
    for piece in missing {
        let request = Request::Piece(PieceAsked { circle: *circle, piece: *piece });
        let (_, _, incoming) = online::ask_with(twin, did, &request, None)?;
        let Some(incoming) = incoming else { return Ok(false) };
        let bytes = incoming.all(SEALED_BYTES_MAX).map_err(|error| broken(&error))?;
        if Digest::of(&bytes) != *piece {
            return Err(invalid("the other twin sent another piece than was asked for"));
        }
        came.push((*piece, bytes));
    }
    Ok(true)
}

/// A member wants a piece. Whoever has it not asks for it, so that it is here when they come again.
pub(super) fn piece(
    twin: &Twin,
    from: &Did,
    asked: &PieceAsked,
    payload: &mut Payload<'_>,
) -> Result<PieceOut, Failure> {
    let bytes = with(twin, |book| {
        let room = book.rooms.get(&asked.circle).ok_or_else(unknown)?;
        let member = room.circle.epoch().is_some_and(|epoch| epoch.has_owner(from));
        if !member || !room.pieces.contains(&asked.piece) {
            return Err(unknown());
        }
        let bytes = piece_bytes(twin, book, &asked.piece)?;
        if bytes.is_none() {
            let room = book.room(&asked.circle)?;
            let message = room.lacking.iter().find(|(_, file)| file.pieces.contains(&asked.piece)).map(|(id, _)| *id);
            if let Some(message) = message {
                want(twin, book, &asked.circle, &message)?;
            }
        }
        Ok(bytes)
    })?;
    let Some(bytes) = bytes else {
        super::exchange::spread(twin, &asked.circle, Some(from));
        return Ok(PieceOut { piece: None });
    };
    let sent = Sent { bytes: bytes.len() as u64, digest: Some(asked.piece) };
    payload.send(sent.bytes, Box::new(std::io::Cursor::new(bytes)));
    Ok(PieceOut { piece: Some(sent) })
}

/// Asks for a file.
pub(super) fn fetch(twin: &Twin, asked: &FileWhich) -> Result<FileShown, Failure> {
    let id = which(twin, &asked.circle)?;
    let file = with(twin, |book| {
        let file = file_of(twin, book, &id, &asked.message)?;
        if book.room(&id)?.lacking.contains_key(&asked.message) {
            want(twin, book, &id, &asked.message)?;
            book.room(&id)?.had_not.retain(|(_, message), _| *message != asked.message);
        }
        Ok(file)
    })?;
    super::exchange::spread_now(twin, &id);
    progress(twin, &id, &asked.message, &file)
}

fn progress(twin: &Twin, id: &Digest, message: &Digest, file: &File) -> Result<FileShown, Failure> {
    with(twin, |book| {
        let fetched = here(book, file);
        let room = book.room(id)?;
        Ok(FileShown { fetched, ..shown(twin, room, message, file) })
    })
}

fn not_here() -> Failure {
    Failure::new(FailureCode::Busy, "the file is not here in whole yet: `twin messages` shows how far it is")
}

/// Writes a file, checked as a whole.
pub(super) fn save(twin: &Twin, asked: &FileSave, watch: Watch<'_>) -> Result<FileSaved, Failure> {
    let id = which(twin, &asked.circle)?;
    let file = with(twin, |book| file_of(twin, book, &id, &asked.message))?;
    let path = if asked.path.is_dir() { asked.path.join(&file.name) } else { asked.path.clone() };
    let cannot = |error: std::io::Error| Failure::new(FailureCode::Io, format!("{}: {error}", path.display()));
    let mut to = std::fs::File::create_new(&path).map_err(cannot)?;
    let mut write = || {
        let mut whole = blake3::Hasher::new();
        for number in 0..file.pieces.len() {
            let plain = with(twin, |book| open_piece(twin, book, &file, number))?.ok_or_else(not_here)?;
            whole.update(&plain);
            to.write_all(&plain).map_err(cannot)?;
            let done = ((number + 1) * PIECE_BYTES) as u64;
            let progress =
                Progress { doing: "saving".into(), unit: "bytes".into(), done: done.min(file.bytes), of: file.bytes };
            if watch(progress).is_break() {
                return Err(Failure::new(FailureCode::Stopped, "stopped"));
            }
        }
        if Digest::from(whole.finalize()) != file.digest {
            return Err(invalid("the file is not what its sender said it is"));
        }
        to.sync_all().map_err(cannot)
    };
    let written = write();
    if let Err(failure) = written {
        let _ = std::fs::remove_file(&path);
        return Err(failure);
    }
    Ok(FileSaved { path, bytes: file.bytes })
}

/// Part of a file.
pub(super) fn read(twin: &Twin, asked: &FileRead) -> Result<FilePart, Failure> {
    let id = which(twin, &asked.circle)?;
    let file = with(twin, |book| file_of(twin, book, &id, &asked.message))?;
    if !asked.offset.is_multiple_of(PIECE_BYTES as u64) {
        return Err(invalid("a file is read from multiples of 256 KiB on"));
    }
    let number = (asked.offset / PIECE_BYTES as u64) as usize;
    let bytes = if number < file.pieces.len() {
        with(twin, |book| open_piece(twin, book, &file, number))?.ok_or_else(not_here)?
    } else {
        Vec::new()
    };
    Ok(FilePart { file: progress(twin, &id, &asked.message, &file)?, bytes: URL_SAFE_NO_PAD.encode(bytes) })
}
