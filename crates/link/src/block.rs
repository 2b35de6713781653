//! Waiting for the network from a thread that may block.
//!
//! Bulk bytes are read and written by the twin's own threads, which read files and commit to the journal meanwhile. A
//! stream of QUIC needs nothing of the runtime but to be woken, so these threads poll it themselves and sleep in
//! between; there is no queue, and no copy of the bytes, between the network and the disk.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs `work` on this thread for at most so long; none if it is not over by then.
pub(crate) fn on<T>(work: impl Future<Output = T>, at_most: Duration) -> Option<T> {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut work = pin!(work);
    let mut until = None;
    loop {
        if let Poll::Ready(done) = work.as_mut().poll(&mut context) {
            return Some(done);
        }
        let until = *until.get_or_insert_with(|| Instant::now() + at_most);
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        std::thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_is_taken_and_what_does_not_come_is_not_waited_for_longer_than_said() {
        let (send, receive) = tokio::sync::oneshot::channel();
        let sender = std::thread::spawn(move || send.send(7));
        assert_eq!(on(receive, Duration::from_secs(20)), Some(Ok(7)));
        assert!(sender.join().is_ok());
        let began = Instant::now();
        assert_eq!(on(std::future::pending::<()>(), Duration::from_millis(20)), None);
        assert!(began.elapsed() >= Duration::from_millis(20));
    }
}
