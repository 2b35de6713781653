//! Ctrl-C: once asks, twice insists.
//!
//! Only commands that have something to bring to an end heed it; all others die of it at once, as programs do.

use crate::exit::Exit;
use crate::output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

static ASKED: AtomicBool = AtomicBool::new(false);
static HEEDED: AtomicBool = AtomicBool::new(false);
static WAITING: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

/// From now on the first Ctrl-C (or SIGTERM) is a wish, and `says` is told to the owner; the second ends the program.
pub(crate) fn heed(says: &'static str) {
    if HEEDED.swap(true, Ordering::Relaxed) {
        return;
    }
    // If the handler cannot be installed, Ctrl-C ends the program at once, which the journal survives as well.
    let _ = ctrlc::set_handler(move || {
        if ASKED.swap(true, Ordering::SeqCst) {
            std::process::exit(Exit::Stopped as i32);
        }
        if !says.is_empty() {
            output::aside(says);
        }
        let (asked, waiting) = &WAITING;
        *asked.lock().unwrap_or_else(PoisonError::into_inner) = true;
        waiting.notify_all();
    });
}

/// Whether the owner asked to stop.
pub(crate) fn is_asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}

/// Waits until the owner asks to stop.
pub(crate) fn wait() {
    let (asked, waiting) = &WAITING;
    let mut is_asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    while !*is_asked {
        is_asked = waiting.wait(is_asked).unwrap_or_else(PoisonError::into_inner);
    }
}
