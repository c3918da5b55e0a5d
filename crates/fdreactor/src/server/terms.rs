//! What all connections of one listener share: how they are watched, and within which limits.

use super::wheel::Tick;
use crate::trigger::Trigger;
use std::{cell::Cell, time::Duration};

/// What bounds a connection. Bytes, and times that are rounded up to the coarse tick; zero means no limit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Above so many kept bytes a connection of a listener is not read from. Default: 64 KiB.
    pub high_water_mark: usize,
    /// The most bytes kept for one connection. Default: 64 MiB.
    pub buffered: usize,
    /// The most bytes kept for all connections that share these terms. Default: 1 GiB.
    pub buffered_in_all: usize,
    /// The most bytes read from one connection in one turn. Default: 256 KiB.
    pub bytes_per_turn: usize,
    /// For how long one connection is read from in one turn. Default: 1 ms.
    pub time_per_turn: Duration,
    /// For how long nothing may be read or written. Default: none.
    pub idle: Duration,
    /// For how long a new connection may wait with its first byte. Default: none.
    pub first_byte: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            high_water_mark: 64 << 10,
            buffered: 64 << 20,
            buffered_in_all: 1 << 30,
            bytes_per_turn: 256 << 10,
            time_per_turn: Duration::from_millis(1),
            idle: Duration::ZERO,
            first_byte: Duration::ZERO,
        }
    }
}

/// What connections share.
#[derive(Debug)]
pub struct Terms {
    pub(super) limits: Limits,
    pub(super) trigger: Trigger,
    /// Whether reading stops while more than the high-water mark is kept.
    pub(super) holds_back: bool,
    pub(super) idle: Tick,
    pub(super) first_byte: Tick,
    /// Bytes kept for all of them.
    pub(super) kept: Cell<usize>,
}

impl Terms {
    /// Terms for the connections of a listener, or for one that is asked for: that is read from however much is kept, since
    /// two such ends could wait for each other for ever.
    pub fn new(limits: Limits, trigger: Trigger, of_listener: bool) -> Self {
        Self {
            limits,
            trigger,
            holds_back: of_listener,
            idle: Tick::lasting(limits.idle),
            first_byte: Tick::lasting(limits.first_byte),
            kept: Cell::new(0),
        }
    }

    /// Moves the count of kept bytes.
    pub(super) fn count(&self, before: usize, after: usize) {
        self.kept.set((self.kept.get() + after).saturating_sub(before));
    }
}
