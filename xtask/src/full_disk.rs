//! A full disk under the real program: a small file system in memory, filled up to some bytes.

use crate::Result;
use crate::crash::copy_folder;
use crate::program::Program;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Bytes left free: nothing at all, less than a commit, and the middle of an import.
const ROOMS: [u64; 4] = [0, 12 << 10, 80 << 10, 300 << 10];
const DISK_BYTES: u64 = 8 << 20;

/// A mounted file system in memory, unmounted at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Result<Option<Self>> {
        std::fs::create_dir_all(at)?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={DISK_BYTES}"), "tmpfs"])
            .arg(at)
            .stderr(Stdio::null())
            .status();
        Ok(mounted.is_ok_and(|status| status.success()).then(|| Self(at.to_owned())))
    }

    /// Fills it until only `room` bytes are free.
    fn fill(&self, room: u64) -> Result<PathBuf> {
        let filler = self.0.join("filler");
        let block = vec![0x5a; 4 << 10];
        let mut file = std::fs::File::create(&filler)?;
        let mut written = 0;
        while std::io::Write::write_all(&mut file, &block).is_ok() {
            written += block.len() as u64;
        }
        file.set_len(written.saturating_sub(room))?;
        Ok(filler)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

/// Imports into a disk that fills up: it is said clearly, nothing is lost, and with room the same command goes through.
pub(crate) fn run(program: &Program, exports: &[PathBuf]) -> Result<()> {
    let Some(disk) = SmallDisk::mount(&program.home.with_extension("small-disk"))? else {
        println!(
            "full disk: skipped, for a file system in memory can only be mounted by root (crates/vault/tests/faults.rs has the simulated one)"
        );
        return Ok(());
    };
    let names: Vec<String> = exports.iter().map(|folder| folder.display().to_string()).collect();
    let import: Vec<&str> = std::iter::once("import").chain(names.iter().map(String::as_str)).collect();
    let whole = {
        let roomy = Program { home: disk.0.join("whole"), ..program.clone() };
        copy_folder(&program.home, &roomy.home)?;
        roomy.answer(&import)?;
        let counts = roomy.counts()?;
        std::fs::remove_dir_all(&roomy.home)?;
        counts
    };
    let mut refused = 0;
    for room in ROOMS {
        let full = Program { home: disk.0.join(format!("room-{room}")), ..program.clone() };
        copy_folder(&program.home, &full.home)?;
        full.answer(&["import", &names[0]])?;
        let (commits, counts) = (full.sound()?, full.counts()?);
        let filler = disk.fill(room)?;
        let output = full.output(&import)?;
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            println!("full disk: {} KiB were room enough", room >> 10);
        } else {
            refused += 1;
            if output.status.code() != Some(4) || !words.contains("full") {
                return Err(format!("with {room} bytes free: {}", crate::program::told(&output)).into());
            }
        }
        std::fs::remove_file(filler)?;
        if full.sound()? < commits {
            return Err(format!("with {room} bytes free, acknowledged commits are gone").into());
        }
        let now = full.counts()?;
        if counts.iter().any(|(stream, count)| now.get(stream).is_none_or(|now| now < count)) {
            return Err(format!("with {room} bytes free: {counts:?} became {now:?}").into());
        }
        full.answer(&import)?;
        full.sound()?;
        if full.counts()? != whole {
            return Err(format!("with {room} bytes free, the import run again is not whole").into());
        }
        std::fs::remove_dir_all(&full.home)?;
    }
    println!(
        "full disk: {refused} of {} imports were refused in clear words, nothing lost, and went through with room",
        ROOMS.len()
    );
    Ok(())
}
