//! What a reactor says of itself.

use fdreactor::{Capabilities, Stats, server::Counts};
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
    /// System calls that changed the kernel's set.
    pub changes: i64,
    /// System calls that accepted for servers.
    pub accepts: i64,
    /// System calls that read for connections.
    pub reads: i64,
    /// System calls that wrote for connections.
    pub writes: i64,
    /// The longest time from the end of a wait until its callbacks had run, where the addon calls them.
    pub slowest_turn_ms: f64,
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

impl NativeStats {
    /// Puts together what the reactor and its servers count.
    pub(crate) fn new(stats: Stats, served: Counts) -> Self {
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Self {
            waits: count(stats.waits),
            events: count(stats.events),
            stale: count(stats.stale),
            parked: count(stats.parked),
            rebuilds: count(stats.rebuilds),
            changes: count(stats.changes),
            accepts: count(served.accepts),
            reads: count(served.reads),
            writes: count(served.writes),
            slowest_turn_ms: stats.slowest_turn.as_secs_f64() * 1000.0,
        }
    }
}
