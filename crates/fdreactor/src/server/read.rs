//! Reading: into the space of the turn, within a connection's share of it.

use super::{record::Told, space::Space, traffic::Traffic};
use crate::{
    error::{Error, Syscall},
    io,
    reactor::Reactor,
    readiness::Readiness,
    trigger::Trigger,
};
use std::{os::fd::AsRawFd, time::Instant};

/// With less than this free, what has come waits for another space rather than being cut into small pieces.
pub(super) const LEAST: usize = 4096;

/// Why reading stopped.
enum Stop {
    /// There is no more.
    Empty,
    /// There may be more: the share or the space is used up.
    Share,
    Space,
    Ended,
    Failed(Error),
}

impl Traffic {
    /// Reads what has come. Whether the space sufficed.
    pub(super) fn read(
        &mut self,
        reactor: &mut Reactor,
        id: u32,
        readiness: Readiness,
        space: &mut Option<Space>,
    ) -> bool {
        let Some(connection) = self.table.connection(id) else { return true };
        let is_edge = connection.terms.trigger == Trigger::Edge;
        let mut sufficed = true;
        match self.read_share(id, readiness, space) {
            Stop::Empty => {
                if readiness.contains(Readiness::ERROR) {
                    self.fail_if_pending(reactor, id);
                }
            }
            stop @ (Stop::Share | Stop::Space) => {
                sufficed = matches!(stop, Stop::Share);
                if is_edge {
                    self.rearm(reactor, id);
                }
            }
            Stop::Ended => {
                if let Some(connection) = self.table.connection(id) {
                    connection.read_ended = true;
                }
                self.unsettle(id);
                self.tell(id, Told::Ended);
                self.close_if_over(reactor, id);
            }
            Stop::Failed(error) => self.close(reactor, id, Some(error)),
        }
        sufficed
    }

    fn read_share(&mut self, id: u32, readiness: Readiness, space: &mut Option<Space>) -> Stop {
        let now = self.wheel.now();
        let Some(space) = space else { return Stop::Space };
        let Some(connection) = self.table.connection(id) else { return Stop::Empty };
        let limits = connection.terms.limits;
        // What ends is read to its end: an edge does not come again for it.
        let may_end = readiness.intersects(Readiness::READ_CLOSED | Readiness::HANGUP);
        let mut left = limits.bytes_per_turn.max(1);
        let mut began = None;
        loop {
            if self.records.len() >= self.capacity || space.left() < LEAST {
                return Stop::Space;
            }
            let Some(buffer) = space.next(left) else { return Stop::Space };
            self.counts.reads += 1;
            match io::read(connection.socket.as_raw_fd(), buffer) {
                Ok(0) => return Stop::Ended,
                Ok(count) => {
                    connection.read += count as u64;
                    connection.silent = false;
                    connection.active = now;
                    let offset = space.take(count);
                    self.records.push_back(super::record::Record { id, told: data(offset, count) });
                    left -= count;
                    let is_short = count < buffer.len();
                    if is_short && !may_end {
                        return Stop::Empty;
                    }
                    if left == 0 {
                        return Stop::Share;
                    }
                    if !is_short && began.get_or_insert_with(Instant::now).elapsed() >= limits.time_per_turn {
                        return Stop::Share;
                    }
                }
                Err(Error::System { errno: libc::EAGAIN, .. }) => return Stop::Empty,
                Err(error) => return Stop::Failed(error),
            }
        }
    }

    /// Ends a connection whose socket has an error to tell.
    pub(super) fn fail_if_pending(&mut self, reactor: &mut Reactor, id: u32) {
        let Some(connection) = self.table.connection(id) else { return };
        let error = match connection.socket.take_error() {
            Ok(None) => return,
            Ok(Some(error)) => Error::system(Syscall::Read, &error),
            Err(error) => Error::system(Syscall::Getsockopt, &error),
        };
        self.close(reactor, id, Some(error));
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a space has less than four thousand million bytes")]
fn data(offset: usize, length: usize) -> Told {
    Told::Data { offset: offset as u32, length: length as u32 }
}
