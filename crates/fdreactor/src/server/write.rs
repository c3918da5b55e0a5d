//! Writing: what was gathered in a batch, and what had been kept.

use super::{orders::Order, output::Output, record::Told, traffic::Traffic, wheel::Tick};
use crate::{
    error::{Error, Result, Syscall},
    interest::Interest,
    reactor::Reactor,
    sys::rw,
    trigger::Trigger,
};
use std::{
    io::{self, ErrorKind},
    net::Shutdown,
    os::fd::AsRawFd,
};

/// How many bytes one connection is given at most of what is kept for it, in one turn.
const SHARE: usize = 1 << 20;
/// How long what is kept waits for another try, if the kernel had no memory for it.
const RETRY: Tick = Tick(2);

impl Traffic {
    /// Takes an order; it is carried out by the next [`flush`](Self::flush). One for what is closed is dropped.
    pub fn order(&mut self, id: u32, order: Order) {
        let Some(connection) = self.table.connection(id) else { return };
        match order {
            Order::Write(bytes) => {
                if !connection.end_asked {
                    self.orders.write(connection, id, bytes);
                }
            }
            Order::End => {
                connection.end_asked = true;
                self.orders.touched.push(id);
            }
            Order::Pause => {
                connection.paused = true;
                self.unsettle(id);
            }
            Order::Resume => {
                connection.paused = false;
                self.unsettle(id);
            }
        }
    }

    /// Carries out what was ordered, and has everybody watched for what is wanted now. If there are
    /// [`news`](Self::has_news) then, a turn should be taken soon.
    pub fn flush(&mut self, reactor: &mut Reactor) {
        if !self.orders.touched.is_empty() {
            self.wheel.advance();
            let mut touched = std::mem::take(&mut self.orders.touched);
            for id in touched.drain(..) {
                if let Err(error) = self.write(id) {
                    self.close(reactor, id, Some(error));
                }
                self.finish(reactor, id);
                let kept = self.table.connection(id).map_or(0, |connection| connection.kept());
                self.note_kept(id, kept);
            }
            self.orders.touched = touched;
        }
        self.orders.clear();
        self.settle_all(reactor);
    }

    /// Sends what was gathered for one connection, and keeps what the peer does not take.
    fn write(&mut self, id: u32) -> Result<()> {
        let now = self.wheel.now();
        let Some(connection) = self.table.connection(id) else { return Ok(()) };
        let total = self.orders.line_up(connection);
        if total == 0 {
            return Ok(());
        }
        let before = connection.kept();
        let row = &self.orders.row[..];
        let mut taken = 0;
        if before == 0 && !connection.connecting {
            self.counts.writes += 1;
            let fd = connection.socket.as_raw_fd();
            let (syscall, outcome) = match row {
                [one] => (Syscall::Send, rw::send(fd, *one)),
                _ => (Syscall::Sendmsg, rw::sendmsg(fd, row)),
            };
            taken = match outcome {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock || is_starved(&error) => 0,
                Err(error) => return Err(Error::system(syscall, &error)),
            };
            if taken > 0 {
                connection.active = now;
                connection.written += taken as u64;
            }
        }
        if taken == total {
            return Ok(());
        }
        let after = before + total - taken;
        let limits = connection.terms.limits;
        connection.terms.count(before, after);
        let output = connection.output.get_or_insert_with(|| Box::new(Output::default()));
        let mut skip = taken;
        for piece in row {
            let start = skip.min(piece.len());
            skip -= start;
            if let Some(rest) = piece.part(start, piece.len() - start) {
                output.push(rest);
            }
        }
        if after > limits.buffered || connection.terms.kept.get() > limits.buffered_in_all {
            return Err(Error::BufferLimit);
        }
        connection.held_back = connection.terms.holds_back && after > limits.high_water_mark;
        if row.len() > rw::VECTORS {
            // The kernel was not asked for all of it, so it owes no edge to who is watched already: it is watched anew.
            connection.armed = Interest::NONE;
        }
        self.unsettle(id);
        Ok(())
    }

    /// Sends what had been kept, as much as the peer takes.
    pub(super) fn write_kept(&mut self, reactor: &mut Reactor, id: u32) {
        let now = self.wheel.now();
        let Some(connection) = self.table.connection(id) else { return };
        let Some(output) = &mut connection.output else { return };
        let before = output.len();
        let mut failure = None;
        // Starved: full for another reason than the peer.
        let (mut is_full, mut starved) = (false, false);
        while !is_full && output.len() > 0 && before - output.len() < SHARE {
            self.counts.writes += 1;
            match output.send(|slices| connection.socket.send_vectored_with_flags(slices, rw::NO_SIGNAL)) {
                Ok(took_all) => is_full = !took_all,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => is_full = true,
                Err(error) if is_starved(&error) => (is_full, starved) = (true, true),
                Err(error) => {
                    failure = Some(Error::system(Syscall::Sendmsg, &error));
                    break;
                }
            }
        }
        let is_edge = connection.terms.trigger == Trigger::Edge;
        let after = output.len();
        if after < before {
            connection.active = now;
            connection.written += (before - after) as u64;
        }
        connection.terms.count(before, after);
        let was_starved = std::mem::replace(&mut connection.starved, starved);
        if after == 0 {
            connection.output = None;
            connection.held_back = false;
        }
        if failure.is_some() {
            self.close(reactor, id, failure);
            return;
        }
        self.note_kept(id, after);
        if after == 0 {
            self.unsettle(id);
            self.tell(id, Told::Drained);
            self.finish(reactor, id);
        } else if starved || was_starved {
            if starved {
                self.wheel.set(RETRY.after(now), id);
            }
            self.settle(reactor, id);
        } else if is_edge && !is_full {
            // The kernel was not asked for more than the share, so it owes no edge.
            self.rearm(reactor, id);
        }
    }

    /// Sends the end, if it is time.
    pub(super) fn finish(&mut self, reactor: &mut Reactor, id: u32) {
        let Some(connection) = self.table.connection(id) else { return };
        let due = connection.end_asked
            && !connection.write_ended
            && !connection.connecting
            && connection.output.is_none();
        if !due {
            return;
        }
        connection.write_ended = true;
        // The close sends it, if nothing is left to do but that.
        if connection.read_ended {
            self.close(reactor, id, None);
        } else if let Err(error) = connection.socket.shutdown(Shutdown::Write)
            // The peer has reset it. What came before can still be read, and then a read says so.
            && error.kind() != ErrorKind::NotConnected
        {
            self.close(reactor, id, Some(Error::system(Syscall::Shutdown, &error)));
        }
    }

    pub(super) fn close_if_over(&mut self, reactor: &mut Reactor, id: u32) {
        let Some(connection) = self.table.connection(id) else { return };
        if connection.read_ended && connection.write_ended {
            self.close(reactor, id, None);
        }
    }
}

/// Whether the kernel has no memory for a buffer just now. The socket is well, and says that it has room: so waiting for that would be
/// a busy loop.
fn is_starved(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ENOBUFS)
}
