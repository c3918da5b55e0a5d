//! One connection's part of a run.

use super::latencies::Latencies;
use super::pattern::Pattern;
use super::{Fault, Result, would_block};
use mio::net::TcpStream;
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::time::Instant;

/// A connection and what is on its way. Messages go out in order, and any number may be on their way; each byte that comes
/// back is looked at.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) stream: TcpStream,
    number: usize,
    /// Messages that went out whole, and bytes that went out of the next.
    sent: (u64, usize),
    /// Messages of which the echo came back whole, and bytes that came back of the next.
    received: (u64, usize),
    /// When those were due that were offered and have not come back.
    due: VecDeque<Instant>,
}

impl Conversation {
    pub(super) const fn new(stream: TcpStream, number: usize) -> Self {
        Self { stream, number, sent: (0, 0), received: (0, 0), due: VecDeque::new() }
    }

    pub(super) fn outstanding(&self) -> usize {
        self.due.len()
    }

    /// Sends the next message, or has it wait behind those that the socket has not taken.
    pub(super) fn offer(&mut self, due: Instant, pattern: &Pattern) -> Result<()> {
        let is_waiting = self.sent.0 < self.offered();
        self.due.push_back(due);
        if is_waiting { Ok(()) } else { self.flush(pattern) }
    }

    fn offered(&self) -> u64 {
        self.received.0 + self.due.len() as u64
    }

    /// Sends what waits, as far as the socket takes it.
    pub(super) fn flush(&mut self, pattern: &Pattern) -> Result<()> {
        while self.sent.0 < self.offered() {
            let message = pattern.message(self.number, self.sent.0);
            match self.stream.write(&message[self.sent.1..]) {
                Ok(count) => self.sent.1 += count,
                Err(error) if would_block(&error) => return Ok(()),
                Err(error) => return Err(Fault::System("write", error)),
            }
            if self.sent.1 == message.len() {
                self.sent = (self.sent.0 + 1, 0);
            }
        }
        Ok(())
    }

    /// Takes what came back. Returns how many echoes are whole now that were not. With `to_the_end` reads on until nothing
    /// is left, otherwise until less came than there was room for.
    pub(super) fn read(
        &mut self,
        pattern: &Pattern,
        scratch: &mut [u8],
        latencies: &mut Latencies,
        to_the_end: bool,
    ) -> Result<u64> {
        let before = self.received.0;
        loop {
            match self.stream.read(scratch) {
                Ok(0) => return Err(Fault::Ended(self.number)),
                Ok(count) => {
                    self.check(&scratch[..count], pattern, latencies)?;
                    if count < scratch.len() && !to_the_end {
                        break;
                    }
                }
                Err(error) if would_block(&error) => break,
                Err(error) => return Err(Fault::System("read", error)),
            }
        }
        Ok(self.received.0 - before)
    }

    fn check(&mut self, mut came: &[u8], pattern: &Pattern, latencies: &mut Latencies) -> Result<()> {
        let now = Instant::now();
        while !came.is_empty() {
            let (message, offset) = self.received;
            let sent = if message < self.sent.0 { pattern.bytes } else { self.sent.1 };
            if message == self.offered() || offset == sent {
                return Err(Fault::Excess(self.number));
            }
            let length = came.len().min(sent - offset);
            let (part, rest) = came.split_at(length);
            let expected = &pattern.message(self.number, message)[offset..offset + length];
            if part != expected {
                let at = part.iter().zip(expected).take_while(|(a, b)| a == b).count();
                return Err(Fault::Changed(self.number, message, offset + at));
            }
            came = rest;
            self.received.1 += length;
            if self.received.1 == pattern.bytes {
                self.received = (message + 1, 0);
                if let Some(due) = self.due.pop_front() {
                    latencies.record(now.saturating_duration_since(due));
                }
            }
        }
        Ok(())
    }

    /// Forgets the numbers of an earlier run. Nothing may be on its way.
    pub(super) fn restart(&mut self) {
        debug_assert!(self.due.is_empty());
        self.sent = (0, 0);
        self.received = (0, 0);
    }
}
