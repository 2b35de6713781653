//! From the paths an owner names to the files to read.

use crate::error::{Fault, IntakeError};
use crate::format::{Format, HEAD_BYTES, detect};
use std::collections::HashSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

const FILES_MAX: usize = 1_000_000;
const DEPTH_MAX: usize = 64;

/// The files behind `paths`: a file as it is, a folder as the readable files in it, sorted, a folder's files before
/// its subfolders' (so that an unpacked Apple export's `export.xml` comes before its routes). Hidden files are left
/// out and symbolic links inside a folder are not followed. Nothing comes twice.
pub fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>, IntakeError> {
    let mut files = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        let kind = fs::metadata(path).map_err(|error| Fault::Io(error).in_file(&name))?;
        if !kind.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        let mut seen = HashSet::new();
        walk(path, 0, &mut files, &mut seen).map_err(|fault| fault.in_file(&name))?;
        if files.len() == before {
            let mut others: Vec<_> = seen.iter().map(|format: &Format| format.name()).collect();
            others.sort_unstable();
            let hint = if others.is_empty() {
                "no file in this folder is in a known format".to_owned()
            } else {
                format!("no file in this folder is in a format that this version reads (seen: {})", others.join(", "))
            };
            return Err(Fault::NotRecognised(hint).in_file(&name));
        }
    }
    let mut seen = HashSet::new();
    files.retain(|file| seen.insert(file.clone()));
    Ok(files)
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>, seen: &mut HashSet<Format>) -> Result<(), Fault> {
    if depth > DEPTH_MAX {
        return Err(Fault::TooLarge { what: "the depth of folders", limit: DEPTH_MAX.to_string() });
    }
    let mut folders = Vec::new();
    let mut here = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            folders.push(entry.path());
        } else if kind.is_file()
            && let Some(format) = peek(&entry.path())
        {
            if format.is_readable() {
                here.push(entry.path());
            } else {
                seen.insert(format);
            }
        }
        if files.len() + here.len() + folders.len() > FILES_MAX {
            return Err(Fault::TooLarge { what: "the number of files", limit: FILES_MAX.to_string() });
        }
    }
    here.sort_unstable();
    folders.sort_unstable();
    files.append(&mut here);
    folders.iter().try_for_each(|folder| walk(folder, depth + 1, files, seen))
}

/// The format of a file met on a walk; one that cannot be opened is none of ours.
fn peek(path: &Path) -> Option<Format> {
    let mut head = Vec::new();
    fs::File::open(path).ok()?.take(HEAD_BYTES as u64).read_to_end(&mut head).ok()?;
    detect(&head, &path.display().to_string())
}
