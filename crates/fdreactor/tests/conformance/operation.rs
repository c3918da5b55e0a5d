//! What a case does to its descriptors, beside registering them. Acted out in `act`.

use crate::conformance::step::{milliseconds, number};
use std::time::Duration;

/// A step on descriptors, by their names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operation {
    Write(String, Vec<u8>),
    WriteUrgent(String, Vec<u8>),
    Read(String, usize),
    ReadUrgent(String, usize),
    Peek(String, usize),
    /// Reads until it would block or the end.
    Drain(String),
    /// Writes until it would block.
    Fill(String),
    /// Reads half of what was filled.
    Half(String),
    /// Adds to an eventfd's count.
    Count(String, u64),
    /// Reads an eventfd's count.
    TakeCount(String),
    Shut(String, Side),
    Close(String),
    /// Closes so that the peer gets a reset.
    Reset(String),
    SocketError(String),
    UrgentInline(String),
    Connect(String, String),
    ConnectRefused(String),
    Accept(String, String),
    AcceptAll(String),
    Duplicate(String, String),
    /// Puts the first on the number of the second.
    DuplicateOnto(String, String),
    /// Moves the first to the number that the second, closed by now, had.
    Take(String, String),
    /// Leaves so many free descriptors.
    Free(usize),
    Touch,
    ChildExits,
    Reap,
    Pause(Duration),
}

/// Which directions a shutdown ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Read,
    Write,
    Both,
}

/// The most that an eventfd holds less what it holds at first: `max` of the notation.
const FULL: u64 = u64::MAX - 1;

pub(crate) fn parse(verb: &str, arguments: &[&str]) -> Result<Option<Operation>, String> {
    use Operation as O;
    let own = |name: &str| name.to_owned();
    Ok(Some(match (verb, arguments) {
        ("w", [name, content]) => O::Write(own(name), bytes(content)?),
        ("w", [name, content, "OOB"]) => O::WriteUrgent(own(name), bytes(content)?),
        ("r", [name, count]) => O::Read(own(name), number(count)?),
        ("r", [name, count, "OOB"]) => O::ReadUrgent(own(name), number(count)?),
        ("r", [name, count, "PEEK"]) => O::Peek(own(name), number(count)?),
        ("r*", [name]) => O::Drain(own(name)),
        ("fill", [name]) => O::Fill(own(name)),
        ("half", [name]) => O::Half(own(name)),
        ("ew", [name, "max"]) => O::Count(own(name), FULL),
        ("ew", [name, count]) => O::Count(own(name), number(count)?),
        ("er", [name]) => O::TakeCount(own(name)),
        ("shut", [name, side]) => O::Shut(
            own(name),
            match *side {
                "RD" => Side::Read,
                "WR" => Side::Write,
                "RDWR" => Side::Both,
                _ => return Ok(None),
            },
        ),
        ("close", [name]) => O::Close(own(name)),
        ("rst", [name]) => O::Reset(own(name)),
        ("so_error", [name]) => O::SocketError(own(name)),
        ("oobinline", [name]) => O::UrgentInline(own(name)),
        ("connect", [name, listener]) => O::Connect(own(name), own(listener)),
        ("connect_refused", [name]) => O::ConnectRefused(own(name)),
        ("accept", [listener, name]) => O::Accept(own(listener), own(name)),
        ("accept_all", [listener]) => O::AcceptAll(own(listener)),
        ("dup", [name, copy]) => O::Duplicate(own(name), own(copy)),
        ("dup2", [name, place]) => O::DuplicateOnto(own(name), own(place)),
        ("takes", [name, place]) => O::Take(own(name), own(place)),
        ("nofile", [count]) => O::Free(number(count)?),
        ("touch", []) => O::Touch,
        ("child_exits", []) => O::ChildExits,
        ("reap", []) => O::Reap,
        ("pause", [time]) => O::Pause(milliseconds(time)?),
        _ => return Ok(None),
    }))
}

/// A quoted text, or so many bytes that do not matter.
fn bytes(content: &str) -> Result<Vec<u8>, String> {
    match content.strip_prefix('\'').and_then(|content| content.strip_suffix('\'')) {
        Some(text) => Ok(text.as_bytes().to_vec()),
        None => number(content).map(|count| vec![b'.'; count]),
    }
}
