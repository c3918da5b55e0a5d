//! A load on an echo server, from one thread. Every byte that comes back is compared with what was sent; anything else than
//! the echo ends the run with a [`Fault`], since no figure of such a run is worth anything.

mod churn;
mod connect;
mod conversation;
mod latencies;
mod pattern;
mod pulse;
mod stream;

pub use churn::{Churn, churn};
pub use stream::{Load, Stream};

use std::fmt::{self, Display, Formatter};
use std::io;
use std::time::Duration;

/// When a run sends no more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Until {
    /// After so long.
    Elapsed(Duration),
    /// After exactly so many messages.
    Messages(u64),
}

/// What a run found. Times are in nanoseconds; the quantiles are exact to three digits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Messages of which the whole echo came back, or connections that were opened and closed.
    pub messages: u64,
    /// From the first message that was sent to the last echo.
    pub elapsed: Duration,
    /// Messages that were due and that the generator itself sent more than a millisecond late. Zero without a rate.
    pub late: u64,
    /// Messages that were due and that were not sent at all, because the generator fell behind. Zero without a rate.
    pub unsent: u64,
    /// The median latency.
    pub p50: u64,
    /// 99 of 100 took this long at most.
    pub p99: u64,
    /// 999 of 1,000 took this long at most.
    pub p999: u64,
    /// The longest latency.
    pub max: u64,
}

/// Why a run has no figures.
#[derive(Debug)]
pub enum Fault {
    /// A system call failed: `connect`, `read`, `write`, ...
    System(&'static str, io::Error),
    /// What came back is not what was sent: of this connection, in this message, at this byte, all from 0.
    Changed(usize, u64, usize),
    /// More came back on this connection than was sent.
    Excess(usize),
    /// The server ended this connection.
    Ended(usize),
    /// Nothing came back for ten seconds, while so many were waited for.
    Stalled(usize),
    /// The process that started this one has gone.
    Orphaned,
}

impl Display for Fault {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(call, error) => write!(formatter, "{call}: {error}"),
            Self::Changed(connection, message, byte) => {
                write!(
                    formatter,
                    "connection {connection}: message {message} came back changed at byte {byte}"
                )
            }
            Self::Excess(connection) => {
                write!(formatter, "connection {connection}: more came back than was sent")
            }
            Self::Ended(connection) => write!(formatter, "connection {connection}: the server ended it"),
            Self::Stalled(waiting) => {
                let seconds = pulse::PATIENCE.as_secs();
                write!(formatter, "nothing came back for {seconds} s, while {waiting} were waited for")
            }
            Self::Orphaned => formatter.write_str("the process that started this one has gone"),
        }
    }
}

impl std::error::Error for Fault {}

type Result<T> = std::result::Result<T, Fault>;

/// Whether a call only has to wait.
fn would_block(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
