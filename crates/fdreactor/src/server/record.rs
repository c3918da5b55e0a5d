//! What is told of servers: one record for each thing that happened.

use crate::error::Error;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// A listener has a new connection: this one.
    Accepted {
        /// The listener's number.
        listener: u32,
    },
    /// A connection that was asked for is established.
    Connected,
    /// Bytes came, and lie in the space of this turn.
    Data {
        /// Where they begin.
        offset: u32,
        /// How many.
        length: u32,
    },
    /// The peer has ended: no more bytes will come.
    Ended,
    /// Everything that had been kept is sent.
    Drained,
    /// Nothing was read or written for as long as was asked.
    Idle,
    /// The connection is closed, and its descriptor too. The last that is told of it.
    Closed(Option<Error>),
    /// A listener cannot take the next connection, which goes on waiting. Told once until one finds room.
    Shortage(Error),
    /// There is no space to read into: what has come goes on waiting. Told of no number.
    NoSpace,
}

/// One thing that happened, and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// The number of the connection or listener.
    pub id: u32,
    /// What happened.
    pub told: Told,
}
