//! Whether a run goes on: it gives up when nothing comes back any more, or when nobody is there to be told.

use super::{Fault, Result};
use std::os::unix::process::parent_id;
use std::time::{Duration, Instant};

/// How long nothing may come back.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked at, and so how long a wait may take.
pub(super) const BEAT: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Pulse {
    parent: u32,
    last: Instant,
    next: Instant,
}

impl Pulse {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self { parent: parent_id(), last: now, next: now + BEAT }
    }

    /// Something came back.
    pub(super) const fn beat(&mut self, now: Instant) {
        self.last = now;
    }

    /// Gives up, if it is time for that. `waiting` is how many are waited for.
    pub(super) fn check(&mut self, now: Instant, waiting: usize) -> Result<()> {
        if now < self.next {
            return Ok(());
        }
        self.next = now + BEAT;
        if parent_id() != self.parent {
            return Err(Fault::Orphaned);
        }
        if waiting > 0 && now.duration_since(self.last) > PATIENCE {
            return Err(Fault::Stalled(waiting));
        }
        if waiting == 0 {
            self.last = now;
        }
        Ok(())
    }
}
