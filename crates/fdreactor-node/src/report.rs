//! What a reactor says of itself.

use fdreactor::{Capabilities, Stats};
use napi_derive::napi;

/// What a reactor can do.
#[allow(clippy::struct_excessive_bools, reason = "each answers its own question")]
#[napi(object)]
pub struct NativeCapabilities {
    /// Edge-triggering.
    pub edge: bool,
    /// One event, then silence.
    pub oneshot: bool,
    /// Urgent data.
    pub priority: bool,
    /// Waking not all of several reactors.
    pub exclusive: bool,
    /// Telling a half-close as such.
    pub disconnect: bool,
    /// The highest descriptor, or -1.
    pub max_fd: i32,
}

/// What a reactor has done.
#[napi(object)]
pub struct NativeStats {
    /// Waits that ended.
    pub waits: i64,
    /// Events handed over.
    pub events: i64,
    /// Events dropped as stale.
    pub stale: i64,
    /// Registrations parked.
    pub parked: i64,
    /// Rebuilds of the kernel's set.
    pub rebuilds: i64,
}

impl From<Capabilities> for NativeCapabilities {
    fn from(can: Capabilities) -> Self {
        Self {
            edge: can.edge,
            oneshot: can.oneshot,
            priority: can.priority,
            exclusive: can.exclusive,
            disconnect: can.disconnect,
            max_fd: can.max_fd.unwrap_or(-1),
        }
    }
}

impl From<Stats> for NativeStats {
    fn from(stats: Stats) -> Self {
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Self {
            waits: count(stats.waits),
            events: count(stats.events),
            stale: count(stats.stale),
            parked: count(stats.parked),
            rebuilds: count(stats.rebuilds),
        }
    }
}
